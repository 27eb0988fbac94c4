"""Class names of other people's labels, mapped onto the classes of our photo sets."""

import re
import unicodedata

from models.photo_sets.photo_classes import NO_DEFECT, NOT_PAINT, TYPE_OF_CLASS

# Damage of a kind that nobody named.
UNSPECIFIED = "damage"

_OTHER_NAMES = {
    "scratch": ("scratches", "scrape", "scuff", "minor_scratch", "hair_scratch", "deep_scratch",
                "스크래치", "긁힘", "cizik", "rayure"),
    "dent": ("dents", "찌그러짐", "gocuk"),
    "primer_exposed": ("paint_loss", "paint_peeling", "도장_벗겨짐", "astar"),
    "corrosion": ("rust", "부식"),
    "chip": ("stone_chip", "paint_chip"),
    "dust_inclusion": ("dust",),
    "run_sag": ("run", "sag"),
    "damage": ("exterior_damage", "defect", "외관_손상", "외관손상"),
    "hood_damage": ("kaput_hasar",),
    "broken_missing": ("kirik_kayip", "tire_flat"),
    "lamp_damage": ("lamp_broken",),
    "glass_crack": ("glass_shatter",),
    NO_DEFECT: ("good", "ok", "normal", "clean", "defect_free", "no_damage", "background",
                "pseudo_defect", "양품", "정상", "배경"),
}  # fmt: skip
_CLASS_OF = {name: cls for cls, names in _OTHER_NAMES.items() for name in names}


def class_of(name: str) -> str:
    """Our class of somebody's class name; an unknown one keeps its own name."""
    plain = unicodedata.normalize("NFC", name.strip())
    code = re.sub(r"[\s\-]+", "_", plain.lower())
    code = _CLASS_OF.get(code, code)
    return code if is_known(code) else plain


def is_known(cls: str) -> bool:
    """Whether a class has a type of its own or is left out on purpose; others teach no type."""
    return cls in TYPE_OF_CLASS or cls in NOT_PAINT or cls == "other"
