"""From draft to signed: what the leads do with a shift report.

The first signature freezes the report: from then on the page and every document show what was
signed, and `report_check` compares it with the log.
"""

from dataclasses import replace

from inspection.domain.shifts import ShiftOfLine
from inspection.errors import Conflict
from inspection.services.report.building import (
    build_shift_report,
    holds_demo,
    model_names,
    place_of,
    with_drawn_pictures,
)
from inspection.services.report.shift_report import (
    LAYOUT,
    ShiftReport,
    Signature,
    data_bytes,
    data_sha256,
    report_from_data,
)
from inspection.services.station import Station
from inspection.storage.report import signed_reports
from inspection.storage.report.signed_reports import SignedReport


def shift_report(station: Station, of: ShiftOfLine, *, with_pictures: bool = True) -> ShiftReport:
    """The report of one shift: as it was signed, else a draft from the log.

    Raises NotFound for a shift that the calendar does not know.
    """
    signed = find_signed(station, of)
    if signed is None:
        return build_shift_report(station, of, with_pictures=with_pictures)
    report = as_signed(station, signed)
    return with_drawn_pictures(station, report) if with_pictures else report


def find_signed(station: Station, of: ShiftOfLine) -> SignedReport | None:
    """The signed report of a shift, None while it is a draft."""
    return signed_reports.signed_report_of(station.engine, place_of(station, of))


def as_signed(station: Station, signed: SignedReport) -> ShiftReport:
    """The frozen report with its signatures, without pictures."""
    zone = station.calendar.zone
    signatures = {one.role: one for one in signed.signatures}
    report = report_from_data(signed.data, zone)
    return replace(
        report,
        signatures=tuple(
            Signature(
                line.role, signatures[line.role].who, signatures[line.role].at.astimezone(zone)
            )
            if line.role in signatures
            else line
            for line in report.signatures
        ),
        sealed_sha256=signed.data_sha256,
        model_names=model_names(station),
        is_demo=holds_demo(station, signed.of.day),
    )


def sign_out(station: Station, of: ShiftOfLine, who: str, seen_sha256: str) -> int:
    """The outgoing lead signs and the report is frozen; answers the number of the signed report.

    seen_sha256: `data_sha256` of the draft the lead read. Raises Conflict when the log says
    something else by now or the report is signed already, NoteRefused without a name.
    """
    place = place_of(station, of)
    # First the rows, then the report: sealing compares the rows once more inside its lock.
    rows = signed_reports.rows_now(station.engine, place)
    report = build_shift_report(station, of, with_pictures=False)
    if data_sha256(report) != seen_sha256:
        raise Conflict("report_moved_on")
    return signed_reports.seal_report(
        station.engine,
        place,
        layout=LAYOUT,
        data=data_bytes(report).decode(),
        data_sha256=seen_sha256,
        rows=rows,
        who=who,
    )


def sign_in(station: Station, report_id: int, who: str) -> int:
    """The incoming lead takes over; answers the number of the signature.

    Raises NoteRefused without a name or with the outgoing lead's, Conflict when somebody took
    over already, NotFound without the report.
    """
    return signed_reports.countersign(station.engine, report_id, who)
