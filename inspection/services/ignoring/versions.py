"""Ignore regions as people change them: drawn on a logged photo, saved as a version, switched off.

A version holds for its station, panel and view from the moment it is saved. What was judged before
keeps its verdict.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from inspection.domain.ignoring.regions import IgnoreRegion, IgnoreView, view_name
from inspection.domain.inspections import MOST_REASON_LETTERS
from inspection.domain.letters import name_of_person, refuse_unreadable
from inspection.errors import IgnoreRefused
from inspection.imaging import codec
from inspection.imaging.framing.registering import framing_picture, register
from inspection.services.ignoring.holding import framing_of
from inspection.services.station import Station
from inspection.storage.ignoring import versions
from inspection.storage.ignoring.versions import IgnoreVersion, Reference
from inspection.storage.log_detail import InspectionDetail

# The edges of a picture that is compared again and again must not be those of its blocks.
_PICTURE_QUALITY = 95


def save(
    station: Station,
    detail: InspectionDetail,
    view: str,
    regions: Sequence[IgnoreRegion],
    *,
    who: str,
    reason: str = "",
) -> int:
    """Keep regions drawn on a logged photo for its station, its panel and a view of that; answers
    the number of the version.

    The photo becomes the reference that others are held against. Raises IgnoreRefused without a
    name, a view or a region, for a photo whose station or panel is not known, and for one that
    shows too little, as a whole or at a region, to hold another against, and for a view beyond
    `MOST_VIEWS`; NotFound, UnreadableImage or WorkerFailed where the
    photo's file cannot be read any more.
    """
    who, reason = _given(who, reason)
    subject = detail.subject
    about = IgnoreView(
        subject.station,
        subject.panel,
        view_name(view),
        detail.width_px,
        detail.height_px,
        tuple(regions),
    )
    # The card in it is no part of the record: the file is looked at again.
    photo = station.worker.look(station.photos.original(detail.photo_sha256), detail.photo_name)
    marker_px = photo.card.outline_px if photo.card else ()
    picture = codec.encode_jpeg(framing_picture(photo.display_jpeg), _PICTURE_QUALITY)
    framing = framing_of(about, picture, marker_px)
    itself = register(framing, framing.picture, photo.width_px, photo.height_px, framing.marker_px)
    if itself is None or not itself.holds:
        raise IgnoreRefused("ignore_too_plain", number=detail.id)
    return versions.save_version(
        station.engine,
        about,
        Reference(detail.photo_sha256, picture, tuple(marker_px)),
        who=who,
        reason=reason,
        at=datetime.now(UTC),
    )


def saved(station: Station) -> tuple[IgnoreVersion, ...]:
    """Every saved version, newest first, without the pictures."""
    return versions.versions(station.engine)


def switch_off(station: Station, number: int, *, who: str, reason: str = "") -> int:
    """Let a version hold no more; answers the number of the event. `switch_on` takes it back.

    Raises IgnoreRefused without a name, NotFound, Conflict when it does not hold any more.
    """
    who, reason = _given(who, reason)
    return versions.switch(station.engine, number, False, who=who, reason=reason)


def switch_on(station: Station, number: int, *, who: str, reason: str = "") -> int:
    """Let a version that was switched off hold again; as `switch_off`."""
    who, reason = _given(who, reason)
    return versions.switch(station.engine, number, True, who=who, reason=reason)


def _given(who: str, reason: str) -> tuple[str, str]:
    reason = " ".join(reason.split())
    refuse_unreadable("reason", reason, MOST_REASON_LETTERS, IgnoreRefused)
    return name_of_person(who, IgnoreRefused, field="inspector"), reason
