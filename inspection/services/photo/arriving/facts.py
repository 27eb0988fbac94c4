"""What a photo says of its subject: by its sidecar, its name, its EXIF, the labels in it, and what
the log knows of its body. What a person typed stands above all of it."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from inspection.domain.body_numbers import normal_body_number
from inspection.domain.inspections import Subject
from inspection.domain.letters import showable
from inspection.domain.paint_colour import paint_colour
from inspection.errors import SubjectRefused
from inspection.i18n import LANGUAGES, texts
from inspection.imaging.barcodes.labels import Label
from inspection.imaging.photo import Photo
from inspection.services.photo.arriving.names import said_by_name
from inspection.services.photo.sidecars import PhotoFacts
from inspection.services.station import Station
from inspection.storage import visits

SOURCES = ("sidecar", "name", "exif", "label", "log")
FIELDS = ("body_number", "vehicle_model", "panel", "colour", "station", "line")
# The colour that a picture suggests; what it cannot tell apart is two.
_COLOURS_OF_PAINT = {
    "black": ("black",),
    "grey": ("grey",),
    "silver_white": ("white", "silver"),
    "red": ("red",),
    "blue": ("blue",),
}
# A vehicle identification number: 17 letters and digits without I, O and Q.
_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
# Longer texts of a label are letters to somebody else.
_MOST_LABEL_LETTERS = 40
# What a telephone opens: an address, a network with its password, a person's card.
_FOR_A_TELEPHONE = re.compile(
    r"\w+://|www\.|(?:wifi|begin|mailto|tel|sms|smsto|geo|matmsg|mecard):", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a photo says of its subject.

    known: value by field of a `Subject`; by: which of SOURCES said it. body_numbers: where several
    labels could be it, which nobody but a person can choose from. colours: that the picture
    suggests, a rough guess. mm_per_px: of the sidecar.
    """

    known: Mapping[str, str] = field(default_factory=dict)
    by: Mapping[str, str] = field(default_factory=dict)
    body_numbers: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    mm_per_px: float | None = None


def colour_codes() -> list[str]:
    """The colours that the texts have words for."""
    return [key.removeprefix("colour.") for key in texts(LANGUAGES[0]) if key.startswith("colour.")]


def said_by_photo(
    station: Station, photo: Photo, filename: str, sidecar: PhotoFacts | None = None
) -> Said:
    """Everything that one photo says; the earlier of SOURCES wins, field by field.

    photo: looked at with `reads`. A code that the plant does not know is left out.
    """
    sidecar = sidecar or PhotoFacts()
    stem = PurePath(filename.replace("\\", "/")).stem
    numbers = body_numbers_of(photo.labels)
    by_source: dict[str, Mapping[str, str]] = {
        "sidecar": {name: getattr(sidecar, name, "") for name in FIELDS},
        "name": said_by_name(stem, station.settings, station.bodies, colour_codes()),
        "exif": said_by_name(photo.description, station.settings, station.bodies, colour_codes()),
        "label": {"body_number": numbers[0]} if len(numbers) == 1 else {},
    }
    known: dict[str, str] = {}
    by: dict[str, str] = {}
    for source, said in by_source.items():
        _take(station, known, by, source, said)
    if number := known.get("body_number"):
        logged = visits.body_in_log(station.engine, normal_body_number(number))
        _take(station, known, by, "log", logged)
    suggested = (
        _COLOURS_OF_PAINT.get(paint_colour(*photo.median_rgb), ()) if photo.median_rgb else ()
    )
    return Said(
        known=known,
        by=by,
        body_numbers=numbers if "body_number" not in known else (),
        colours=tuple(code for code in suggested if code in colour_codes()),
        mm_per_px=sidecar.mm_per_px,
    )


def completed(station: Station, subject: Subject, said: Said, typed: Collection[str]) -> Subject:
    """The subject with what the photo says of it, but for the fields that a person typed.

    Where no vehicle has both the model and the panel, the photo's gives way to what was typed, and
    what was only remembered gives way to the photo's.
    """
    new = {name: value for name, value in said.known.items() if name not in typed}
    if "body_number" in new:
        new["body_typed"] = new["body_number"]
    told = replace(subject, **new)
    try:
        station.bodies.refuse_unknown(told.vehicle_model, told.panel)
    except SubjectRefused:
        # What the photo says is possible in itself: one of the two is the subject's.
        for name, other in (("panel", "vehicle_model"), ("vehicle_model", "panel")):
            if name in new and other not in new and other in typed:
                del new[name]
            elif name in new and other not in new:
                new[other] = ""
        told = replace(subject, **new)
    return told


def body_numbers_of(labels: Collection[Label]) -> tuple[str, ...]:
    """The body numbers that labels may carry, in their normal form, each once.

    Long texts, and what a telephone opens, are none; where one of several is a vehicle
    identification number, it is that one.
    """
    numbers = []
    for label in labels:
        text = showable(label.text).strip()
        # The separators of GS1 go, as a hand scanner leaves them out.
        number = normal_body_number(text)
        is_short = max(len(text), len(number)) <= _MOST_LABEL_LETTERS
        if is_short and not _FOR_A_TELEPHONE.match(text):
            numbers.append(number)
    found = tuple(dict.fromkeys(filter(None, numbers)))
    vins = [number for number in found if _VIN.fullmatch(number)]
    return (vins[0],) if len(vins) == 1 else found


def _take(
    station: Station,
    known: dict[str, str],
    by: dict[str, str],
    source: str,
    said: Mapping[str, str],
) -> None:
    """Add what a source says and the plant can know; `known` and `by` are changed."""
    for name in FIELDS:
        value = said.get(name, "")
        if not value or name in known or not _is_possible(station, {**known, name: value}):
            continue
        known[name], by[name] = value, source


def _is_possible(station: Station, known: Mapping[str, str]) -> bool:
    if known.get("colour", "") not in ("", *colour_codes()):
        return False
    try:
        station.refuse_unknown(Subject(**known))
    except SubjectRefused:
        # A list beside the photos may speak of another plant's cars.
        return False
    return True
