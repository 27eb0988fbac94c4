"""The classes of labelled photos. Without a network library, so that importing stays quick."""

# Classes of the photo set mapped onto our type channels; the stored codes stay as they are.
TYPE_OF_CLASS = {
    "scratch": "scratch",
    "dent": "dent",
    "primer_exposed": "paint_loss",
    "corrosion": "paint_loss",
    "hood_damage": "other",
    "damage": "other",
    # Rendered panels know more types than the first network tells apart.
    "chip": "paint_loss",
    "dust_inclusion": "other",
    "crater": "other",
    "run_sag": "other",
}

# Damage that is not paint damage: neither trained on nor counted.
NOT_PAINT = ("broken_missing", "lamp_damage", "glass_crack", "airbag")
