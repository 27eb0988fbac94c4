"""The classes of labelled photos. Without a network library, so that importing stays quick."""

from inspection.domain.defects import UNNAMED

# Classes of the photo set mapped onto our type channels; the stored codes stay as they are.
TYPE_OF_CLASS = {
    "scratch": "scratch",
    "dent": "dent",
    "primer_exposed": "paint_loss",
    "corrosion": "corrosion",
    # No type: it teaches and counts as a defect, and nothing else.
    "hood_damage": UNNAMED,
    "damage": UNNAMED,
    # Rendered panels.
    "chip": "chip",
    "dust_inclusion": "dust_inclusion",
    "crater": "crater",
    "run_sag": "run_sag",
}

# What a label calls good, or no defect.
NO_DEFECT = "no_defect"

# Damage that is not paint damage, and what is called good: neither trained on nor counted.
NOT_PAINT = ("broken_missing", "lamp_damage", "glass_crack", "airbag", NO_DEFECT)
