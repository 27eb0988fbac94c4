"""Which ignore regions are held against a photo, and whether they hold there."""

from collections.abc import Sequence

from inspection.domain.ignoring.regions import IgnoreRegion, IgnoreView, Ignoring, Outline
from inspection.domain.inspections import Subject
from inspection.imaging import codec
from inspection.imaging.framing.registering import (
    Framing,
    Registration,
    framing_picture,
    register,
)
from inspection.imaging.photo import Photo
from inspection.services.station import Station
from inspection.storage.ignoring.versions import IgnoreVersion, standing


def held_against(station: Station, subject: Subject, photo: Photo) -> Ignoring | None:
    """The ignore regions of the photo's station and panel as they lie in it, its marks not yet
    among them; None where there are none.

    Of several views the one that the photo is framed as, the newest where it is framed as several.
    Where it is framed as none, the nearest is shown and does not hold.
    """
    if not (subject.station and subject.panel):
        return None
    versions = standing(station.engine, subject.station, subject.panel)
    if not versions:
        return None
    picture = framing_picture(photo.display_jpeg)
    marker_px = photo.card.outline_px if photo.card else ()
    size = photo.width_px, photo.height_px
    found: list[tuple[IgnoreVersion, Registration | None]] = []
    # Newest first: an older one that holds as well says nothing that counts.
    for version in reversed(versions):
        registration = register(_framing(version), picture, *size, marker_px)
        if registration is not None and registration.holds:
            return _on_photo(version, registration, size)
        found.append((version, registration))
    best, registration = min(
        found, key=lambda pair: pair[1].error_percent if pair[1] else float("inf")
    )
    return _on_photo(best, registration, size)


def framing_of(
    about: IgnoreView, picture_jpeg: bytes, marker_px: Sequence[tuple[float, float]]
) -> Framing:
    """A framing out of what a version keeps of its reference photo; each region has to be found
    again."""
    return Framing(
        codec.decode_grey(picture_jpeg),
        about.width_px,
        about.height_px,
        tuple(marker_px),
        tuple(region.outline_px for region in about.regions),
    )


def _framing(version: IgnoreVersion) -> Framing:
    return framing_of(version.about, version.reference.picture, version.reference.marker_px)


def _on_photo(
    version: IgnoreVersion, registration: Registration | None, size: tuple[int, int]
) -> Ignoring:
    about = version.about
    if registration is None or not registration.holds:
        across, down = size[0] / about.width_px, size[1] / about.height_px
        regions = tuple(
            IgnoreRegion(one.kind, tuple((x * across, y * down) for x, y in one.outline_px))
            for one in about.regions
        )
    else:
        regions = tuple(
            IgnoreRegion(one.kind, _as_stored(registration.carried(one.outline_px)))
            for one in about.regions
        )
    return Ignoring(
        version=version.number,
        view=about.view,
        error_percent=registration.error_percent if registration else None,
        holds=registration is not None and registration.holds,
        by=registration.by if registration else "",
        regions=regions,
    )


def _as_stored(outline_px: Outline) -> Outline:
    """To the tenth of a pixel that is kept: what is judged again must be parted as it was."""
    return tuple((round(x, 1), round(y, 1)) for x, y in outline_px)
