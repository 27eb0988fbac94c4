"""Every key that the pages listen to, in one table: the same on Inspect, batch, Review and Log.

Buttons take theirs as their shortcut and show it; the Help page lists all of them by these names.
"""

KEYS = {
    "ok": "Y",
    "not_ok": "O",
    "other": "D",
    "choose": "1–9",
    "save": "Ctrl+Enter",
    "undo": "U",
    "next": "N",
    "previous": "P",
    "mask": "M",
    "fit": "F",
    "inspect": "I",
    "escape": "Escape",
    "help": "H",
}

# What no button of Streamlit can do: the script of the window listens (`in_browser.js`). "?" opens
# the help as well, and the digits choose from the open question.
VIEWER_KEYS = {name: KEYS[name] for name in ("mask", "fit")}
# While regions are corrected and the photo has the focus, by the names of the tools there.
EDITING_KEYS = {
    "choose": "V",
    "brush": "B",
    "eraser": "E",
    "polygon": "G",
    "split": "K",
    "join": "J",
    "no_defect": "X",
    "undo": "Ctrl+Z",
    "redo": "Ctrl+Y",
}
HELP_BUTTON = "keys_help"
"""Key of the button that opens the table of keys."""
CHOICES = "digit_choices"
"""Key of the container whose choices the digits press."""
