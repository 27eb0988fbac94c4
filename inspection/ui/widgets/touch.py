"""Sizes for gloves: whatever is tapped on a page is at least 44 px high."""

import json

import streamlit as st

SMALLEST_TARGET_PX = 44
# Of the buttons that decide about a body; their keys begin with "decide_".
MAIN_TARGET_PX = 64
# Not the small buttons beside it, which cancel one upload or add another file.
BROWSE_BUTTON = "[data-testid=stFileUploaderDropzone] [data-testid=stBaseButton-secondary]"


def large_targets() -> None:
    """Make buttons, pills, choices and fields of this page large enough; no data in the style."""
    st.html(
        "<style>"
        "[data-testid=stMain] :is([data-testid=stButton], [data-testid=stButtonGroup],"
        " [data-testid=stDownloadButton], [data-testid=stPopover],"
        " [data-testid=stFileUploader], [data-testid=stPagination], [data-testid=stCameraInput])"
        f" button {{min-height: {SMALLEST_TARGET_PX}px;}}"
        "[data-testid=stMain] :is([data-testid=stPageLink], [data-testid=stLinkButton]) a"
        f" {{min-height: {SMALLEST_TARGET_PX}px;}}"
        "[data-testid=stMain] label:has(input[type=checkbox])"
        f" {{min-height: {SMALLEST_TARGET_PX}px; align-items: center;}}"
        "[data-testid=stMain] [class*='st-key-decide_'] [data-testid=stButton] button"
        f" {{min-height: {MAIN_TARGET_PX}px;}}"
        "[class*='st-key-decide_'] button p {font-size: 1.15rem; font-weight: 600;}"
        "</style>"
    )


def large_drop_zone() -> None:
    """Make the field for dropped photos large; its size limit stands in the label, in our words."""
    st.html(
        "<style>"
        "[data-testid=stFileUploaderDropzone]"
        " {min-height: 200px; align-items: center; justify-content: center;}"
        "[data-testid=stFileUploaderDropzoneInstructions] {display: none;}"
        f"{BROWSE_BUTTON} {{min-height: 64px; padding: 0 2rem;}}"
        "</style>"
    )


def button_in_our_words(button: str, words: str) -> None:
    """Replace the English word on a button that Streamlit draws itself.

    button: its CSS selector. words: from the texts.
    """
    # The word stands in the button itself or in a paragraph within it, beside an icon.
    place = f":is({button}:not(:has(p)), {button} p)"
    st.html(
        "<style>"
        f"{place} {{font-size: 0;}}"
        f"{place}::after {{content: {json.dumps(words, ensure_ascii=False)}; font-size: 1rem;}}"
        "</style>"
    )
