import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pytest

from inspection.domain.chart_choice import ChartChoice, ChartNote
from inspection.domain.corrections import DrawnRegion
from inspection.domain.inspections import Subject
from inspection.domain.quality import Quality
from inspection.domain.shifts import ShiftOfLine
from inspection.errors import InspectionError
from inspection.i18n import translator
from inspection.imaging.overlay import overlay_picture
from inspection.services.photo import correcting, counting, reviewing
from inspection.services.photo.inspecting import inspect_photo
from inspection.services.report import signing
from inspection.services.report.building import build_shift_report, counted_report
from inspection.services.report.files import write_shift_report
from inspection.services.report.pages import report_pages
from inspection.services.report.pdf import shift_report_pdf
from inspection.services.report.shift_report import (
    ReportHeader,
    ShiftReport,
    cumulative_shares,
    data_bytes,
    data_sha256,
    report_from_data,
)
from inspection.services.report.words import left_out_why
from inspection.storage import chart_notes, log_detail
from tests.conftest import panel_jpeg
from tests.services.example_reports import (
    HEADER,
    SEOUL,
    at,
    busy_shift,
    empty_shift,
    note,
    worst_photo,
)
from tests.services.quality.test_control_charts import FIRST, at_ten, log_days
from tests.services.quality.test_line_repeats import run_line


def test_thirty_defects_on_a_hundred_bodies_are_a_dpu_of_0_30():
    assert Quality(units=100, defects=30, passed_units=85).dpu == pytest.approx(0.30)


def test_fifteen_reworked_bodies_of_a_hundred_are_an_ftt_of_85_percent():
    assert Quality(units=100, defects=30, passed_units=85).ftt == pytest.approx(0.85)


def test_undecided_bodies_stand_apart_from_the_ftt_but_not_from_the_dpu():
    quality = Quality(units=100, defects=30, passed_units=72, undecided_units=10)
    assert quality.ftt == pytest.approx(72 / 90)
    assert quality.dpu == pytest.approx(30 / 100)


def test_without_a_unit_there_is_no_dpu_and_no_ftt():
    assert Quality().dpu is None
    assert Quality().ftt is None


def test_more_passed_bodies_than_decided_ones_are_refused():
    with pytest.raises(ValueError, match="95 bodies passed, but only 90 were decided"):
        Quality(units=100, passed_units=95, undecided_units=10)


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match="negative"):
        Quality(defects=-1)


def test_a_shift_cannot_end_before_it_starts():
    with pytest.raises(ValueError, match="before its start"):
        replace(HEADER, starts_at=at(14), ends_at=at(6))


def test_a_night_in_which_the_clock_is_set_back_is_a_shift_like_others():
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 10, 25, 2, 30, tzinfo=berlin)
    end = datetime(2026, 10, 25, 2, 10, fold=1, tzinfo=berlin)  # 40 minutes later
    assert ReportHeader(date(2026, 10, 24), "night", "", start, end).ends_at == end


def test_the_same_report_has_the_same_data_and_one_defect_more_has_other_data():
    assert data_bytes(busy_shift()) == data_bytes(busy_shift())
    other = busy_shift(quality=Quality(100, 31, 72, 10))
    assert data_sha256(other) != data_sha256(busy_shift())


def test_the_data_names_a_photo_by_its_hash_and_leaves_the_drawn_picture_out():
    with_picture = busy_shift(worst=(worst_photo(1),))
    without = busy_shift(worst=(worst_photo(1, picture=None),))
    assert data_sha256(with_picture) == data_sha256(without)
    assert json.loads(data_bytes(without))["worst"][0]["photo_sha256"] == "ab" * 32


def test_the_data_is_json_with_moments_in_plant_time():
    data = json.loads(data_bytes(busy_shift()))
    assert data["header"]["production_day"] == "2026-11-24"
    assert data["header"]["starts_at"] == "2026-11-24T06:00:00+09:00"
    assert data["header"]["inspectors"] == ["김민수", "이서연"]


def test_a_name_with_half_a_letter_still_gives_a_report():
    assert data_sha256(busy_shift(notes=(note("bad \ud800 name"),)))


def test_a_report_comes_back_from_its_data_on_the_plants_clock():
    report = busy_shift()
    back = report_from_data(data_bytes(report).decode(), SEOUL)
    assert data_bytes(back) == data_bytes(report)
    assert f"{back.header.starts_at:%H:%M %Z}" == "06:00 KST"
    assert back.repeats[0].photos[1].inspection_id == 1041


def test_data_of_another_program_is_refused_in_a_sentence():
    with pytest.raises(InspectionError, match=r"cannot be read \(header"):
        report_from_data('{"photos": 3}', SEOUL)


def test_signatures_stand_under_the_data_and_not_in_it():
    unsigned = busy_shift(signatures=ShiftReport(HEADER).signatures)
    assert data_sha256(unsigned) == data_sha256(busy_shift())
    assert (unsigned.state, busy_shift().state) == ("draft", "signed")


def test_an_empty_shift_is_a_report_too():
    assert empty_shift().is_empty
    assert json.loads(data_bytes(empty_shift()))["photos"] == 0


def test_the_pareto_line_climbs_to_one():
    assert cumulative_shares([6, 3, 1]) == pytest.approx([0.6, 0.9, 1.0])
    assert cumulative_shares([0]) == [0.0]
    assert cumulative_shares([]) == []


def test_an_unknown_verdict_in_a_row_is_refused():
    with pytest.raises(ValueError, match="verdict must be one of"):
        worst_photo(1, verdict="maybe")


def test_two_lines_to_sign_on_stand_ready():
    roles = [line.role for line in ShiftReport(HEADER).signatures]
    assert roles == ["outgoing_lead", "incoming_lead"]


@pytest.fixture
def inspected(station):
    """Three bodies of one shift: one scratched and overruled, one scratched, one clean."""
    numbers = []
    for seed, scratches in enumerate([((100, 60, 80, 6),), ((40, 90, 120, 8),), ()]):
        subject = Subject("aria", f"KMH-{seed}", "door_fl", "white", "ST10", "L1", "김민수")
        content = panel_jpeg(scratches, seed=seed)
        done = inspect_photo(station, content, f"{seed}.jpg", subject, mm_per_px=0.2)
        numbers.append(done.id)
    reviewing.decide(
        station,
        log_detail.inspection_detail(station.engine, numbers[0]),
        "accept",
        "먼지",
        "박지훈",
    )
    return numbers


def slot_now(station):
    return station.calendar.slot_at(datetime.now(UTC))


def test_the_report_counts_what_the_log_holds(station, inspected):
    slot = slot_now(station)
    report = build_shift_report(station, ShiftOfLine(slot.day, slot.shift, "L1"))
    assert report.photos == 3
    assert (report.quality.units, report.quality.defects) == (3, 2)
    assert report.quality.passed_units == 2
    assert report.header.inspectors == ("김민수",)
    assert [row.type for row in report.pareto] == ["scratch"]
    (overruled,) = report.overruled
    assert (overruled.inspection_id, overruled.disposition) == (inspected[0], "accept")
    assert (overruled.reason, overruled.inspector) == ("먼지", "박지훈")
    assert [photo.inspection_id for photo in report.worst] == [inspected[1]]
    assert report.worst[0].picture.startswith(b"\xff\xd8")
    assert [row.inspection_id for row in report.open_rework] == [inspected[1]]
    assert report.agreement.overkill == 1
    assert [used.name for used in report.models] == ["fake"]
    assert report.model_name("aria") == "Aria"
    assert build_shift_report(station, ShiftOfLine(slot.day, slot.shift, "L2")).is_empty


def test_the_same_log_gives_the_same_report_byte_for_byte(station, inspected):
    slot = slot_now(station)
    first, second = (
        build_shift_report(station, ShiftOfLine(slot.day, slot.shift)) for _ in range(2)
    )
    assert data_bytes(first) == data_bytes(second)
    t = translator("ko")
    assert shift_report_pdf(first, t) == shift_report_pdf(second, t)
    detail = log_detail.inspection_detail(station.engine, inspected[1])
    reviewing.decide(station, detail, "hold", "재확인", "박지훈")
    changed = build_shift_report(station, ShiftOfLine(slot.day, slot.shift))
    assert data_sha256(changed) != data_sha256(first)


def test_pictures_show_the_regions_that_stand_and_when_signed_those_that_stood_then(
    station, inspected
):
    slot = slot_now(station)
    of = ShiftOfLine(slot.day, slot.shift)

    def correct(x):
        mask = np.zeros((240, 320), np.uint8)
        mask[180:200, x : x + 40] = 1
        detail = log_detail.inspection_detail(station.engine, inspected[1])
        base = detail.correction and detail.correction.id
        said = correcting.SaidOfRegions("Kim", "", base, (DrawnRegion(1, "chip"),))
        png = cv2.imencode(".png", mask)[1].tobytes()
        correcting.correct(station, detail, png, "mask", said)
        photo = station.photos.display(detail.photo_sha256)
        return overlay_picture(photo, 255 * mask)

    first = correct(20)
    assert build_shift_report(station, of).worst[0].picture == first
    draft = build_shift_report(station, of, with_pictures=False)
    signing.sign_out(station, of, "Lee", data_sha256(draft))
    second = correct(250)
    assert second != first
    assert signing.shift_report(station, of).worst[0].picture == first
    assert build_shift_report(station, of).worst[0].picture == second


def test_a_lost_photo_does_not_stop_the_report(station, inspected):
    slot = slot_now(station)
    detail = log_detail.inspection_detail(station.engine, inspected[1])
    station.photos.display_path(detail.photo_sha256).unlink()
    (worst,) = build_shift_report(station, ShiftOfLine(slot.day, slot.shift)).worst
    assert worst.picture is None


@pytest.mark.parametrize(
    ("suffix", "starts"), [(".pdf", b"%PDF"), (".xlsx", b"PK"), (".html", b"<!doctype html>")]
)
def test_the_report_is_written_by_its_suffix(station, inspected, tmp_path, suffix, starts):
    slot = slot_now(station)
    out = tmp_path / "new folder" / f"report{suffix}"
    write_shift_report(station, ShiftOfLine(slot.day, slot.shift), "ko", out)
    assert out.read_bytes().startswith(starts)


def test_a_place_that_comes_back_and_a_signal_stand_in_the_report(station):
    run_line(station.engine, 0, 150)
    run_line(station.engine, 150, 100, every=10)
    report = build_shift_report(
        station, ShiftOfLine(date(2026, 3, 4), "evening"), with_pictures=False
    )
    (row,) = report.repeats
    # The evening ends with body 243: the bodies 150, 160 ... 240 were hit, of 144 ... 243.
    assert (row.vehicle_model, row.panel, row.type) == ("aria", "hood", "crater")
    assert (row.bodies, row.of_bodies) == (10, 100)
    assert [photo.body_number for photo in row.photos] == ["B0240", "B0230", "B0220"]
    assert 0 < row.expected < 0.01 and row.case == ""
    assert report_from_data(data_bytes(report).decode(), station.calendar.zone).repeats


def test_a_signal_stands_unexplained_until_somebody_writes_its_cause(station):
    log_days(station, [3, 4] * 10 + [12])
    last = FIRST + timedelta(days=20)
    shift = station.calendar.slot_at(at_ten(20)).shift

    def signal():
        (row,) = build_shift_report(station, ShiftOfLine(last, shift), with_pictures=False).signals
        return row

    row = signal()
    assert (row.chart, row.rule, row.subject) == ("u", "beyond_limit", "aria")
    # u-bar = 0.35, n = 10: upper limit 0.35 + 3 * sqrt(0.35 / 10) = 0.911.
    assert row.value == pytest.approx(1.2) and row.limit == pytest.approx(0.911, abs=0.001)
    assert (row.cause, row.explained_by) == ("", "")
    chart = ChartChoice("u", "shift", 0, "vehicle_model", "aria")
    chart_notes.write_note(
        station.engine,
        ChartNote(chart, "cause", at_ten(20), at_ten(21), "nozzle", "Lee", "machine"),
    )
    assert (signal().cause, signal().explained_by) == ("nozzle", "Lee")


def test_what_was_voided_or_corrected_stands_in_the_report_with_who_and_why(station):
    ids = [
        inspect_photo(
            station,
            panel_jpeg(seed=seed),
            f"{seed}.jpg",
            Subject("aria", f"KMH-{seed}", "door_fl"),
            mm_per_px=0.2,
        ).id
        for seed in (1, 2)
    ]
    details = [log_detail.inspection_detail(station.engine, number) for number in ids]
    counting.void(station, details[0], "wrong body", "Lee")
    counting.correct_scale(station, details[1], 0.25, "typed 0.2", "Park")
    of = ShiftOfLine(details[0].day, details[0].shift)
    report = counted_report(station, of)
    assert (report.photos, report.quality.units) == (1, 1)
    assert [(row.inspection_id, row.why, row.reason, row.who) for row in report.left_out] == [
        (ids[0], "voided", "wrong body", "Lee"),
        (ids[1], "scale_corrected", "typed 0.2", "Park"),
    ]
    words = [left_out_why(row, translator("en")) for row in report.left_out]
    assert words == ["voided", "scale corrected: 0.2 → 0.25 mm/px (no. 3)"]
    again = report_from_data(data_bytes(report).decode(), station.calendar.zone)
    assert again.left_out == report.left_out
    tables = report_pages(report, translator("ko"))["tables"]
    assert "wrong body" in json.dumps(tables, ensure_ascii=False)
