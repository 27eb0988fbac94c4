"""Ignore regions on the photos of a station: what they keep from being judged, and what not."""

import unicodedata
from dataclasses import replace
from datetime import date

import cv2
import numpy as np
import pytest

from inspection.domain.ignoring.regions import IgnoreRegion
from inspection.domain.inspections import Subject
from inspection.domain.shifts import ShiftOfLine
from inspection.errors import Conflict, IgnoreRefused
from inspection.i18n import translator
from inspection.imaging import codec
from inspection.services.ignoring import versions
from inspection.services.photo import reviewing
from inspection.services.photo.correcting import region_numbers
from inspection.services.photo.inspecting import inspect_photo, mask_again
from inspection.services.photo.record_json import inspection_json
from inspection.services.report.building import counted_report
from inspection.services.report.pages import report_pages
from inspection.services.report.workbook import shift_report_xlsx
from inspection.storage import audit, log_detail
from inspection.storage.ignoring.versions import MOST_VIEWS, save_version, standing
from tests.framed_photos import framed, jpeg, scene
from tests.storage.tampering import tamper

HERE = Subject("aria", "KMH-1", "quarter_l", "silver", "ST10", "L1", "Kim")
# On the reference photo: a badge of 120 × 60 px, and marks inside, across its edge and far off.
BADGE = ((300.0, 250.0), (420.0, 250.0), (420.0, 310.0), (300.0, 310.0))
INSIDE, ACROSS, OUTSIDE = (330, 270, 40, 8), (400, 290, 60, 8), (560, 420, 50, 8)


def photo(*marks, seed=1, of=None, **camera):
    """A photo with red bars (x, y, width, height), placed as on the reference photo."""
    rgb = scene() if of is None else of
    shown, to_photo = framed(rgb, seed=seed, **camera)
    from_reference = to_photo @ np.linalg.inv(framed(rgb, seed=1)[1])
    for x, y, width, height in marks:
        box = np.array([[[x, y], [x + width, y], [x + width, y + height], [x, y + height]]], float)
        corners = cv2.perspectiveTransform(box, from_reference)
        cv2.fillPoly(shown, [np.round(corners).astype(np.int32)], (235, 20, 20))
    return jpeg(shown)


@pytest.fixture
def badge(station):
    """A station with a badge to be ignored; the number of the reference photo."""
    number = inspect_photo(station, photo(seed=9), "reference.jpg", HERE).id
    detail = log_detail.inspection_detail(station.engine, number)
    versions.save(station, detail, "whole", [IgnoreRegion("badge", BADGE)], who="Lee")
    return number


def inspected(station, content, subject=HERE, **how):
    done = inspect_photo(station, content, "panel.jpg", subject, again=True, **how)
    return log_detail.inspection_detail(station.engine, done.id)


def test_a_mark_wholly_inside_is_seen_kept_apart_and_not_judged(station, badge):
    content = photo(INSIDE, shift=(12.0, -7.0), turn_deg=0.5, seed=2)
    detail = inspected(station, content, mm_per_px=1.0)
    seen = detail.inspection.ignoring
    assert seen.holds and seen.error_percent <= 2.0 and (seen.version, seen.view) == (1, "whole")
    assert [(mark.kind, mark.region.type) for mark in seen.marks] == [("badge", "scratch")]
    x, y, width, height = seen.marks[0].region.bbox_px
    # It lies where the nudged camera shows it.
    assert (x + width / 2, y + height / 2) == pytest.approx((362, 267), abs=6)
    assert detail.defects == () and detail.score < 0.3
    assert [one.code for one in detail.inspection.judgement.reasons].count("no_defect") <= 1
    assert not mask_again(station, detail).any()
    assert not region_numbers(station, detail, None).any()
    # The same marks at a station without ignore regions are defects.
    elsewhere = Subject("aria", "KMH-1", "quarter_l", "silver", "ST20", "L1", "Kim")
    assert len(inspected(station, content, elsewhere).defects) == 1


def test_a_mark_partly_outside_is_judged_whole(station, badge):
    detail = inspected(station, photo(ACROSS, OUTSIDE, seed=3))
    assert detail.inspection.ignoring.holds and detail.inspection.ignoring.marks == ()
    areas = sorted(defect.region.area_px for defect in detail.defects)
    assert areas == pytest.approx([400, 480], rel=0.1)


def test_a_photo_framed_otherwise_is_judged_as_usual_and_shows_the_regions(station, badge):
    other = photo(INSIDE, of=scene("fender", 7), seed=4)
    detail = inspected(station, other)
    seen = detail.inspection.ignoring
    assert not seen.holds and seen.marks == () and len(detail.defects) == 1
    assert seen.regions == (IgnoreRegion("badge", BADGE),)


def test_other_thresholds_and_a_new_run_of_the_log_keep_what_was_ignored(station, badge):
    detail = inspected(station, photo(INSIDE, OUTSIDE, seed=5))
    again = reviewing.judged_again(station, detail)
    assert again.ignoring == detail.inspection.ignoring and len(again.judgement.defects) == 1
    number = reviewing.keep(station, detail, again, "Kim")
    kept = log_detail.inspection_detail(station.engine, number)
    assert kept.inspection.ignoring == detail.inspection.ignoring
    assert audit.verify_chain(station.engine).is_whole


def test_a_version_is_switched_off_and_on_again(station, badge):
    content = photo(INSIDE, seed=6)
    versions.switch_off(station, 1, who="Lee", reason="badge moved")
    assert not versions.saved(station)[0].is_on
    off = inspected(station, content)
    assert off.inspection.ignoring is None and len(off.defects) == 1
    with pytest.raises(Conflict):
        versions.switch_off(station, 1, who="Lee")
    versions.switch_on(station, 1, who="Lee")
    assert inspected(station, content).defects == ()
    with pytest.raises(IgnoreRefused):
        versions.switch_off(station, 1, who=" ")


def test_of_several_views_the_one_that_the_photo_is_framed_as_holds(station, badge):
    other = scene("fender", 7)
    number = inspect_photo(station, photo(of=other, seed=8), "close.jpg", HERE).id
    detail = log_detail.inspection_detail(station.engine, number)
    gap = ((100.0, 100.0), (200.0, 100.0), (200.0, 200.0))
    versions.save(station, detail, "close", [IgnoreRegion("gap", gap)], who="Lee")
    assert inspected(station, photo(seed=10)).inspection.ignoring.view == "whole"
    assert inspected(station, photo(of=other, seed=11)).inspection.ignoring.view == "close"
    # A new version of a view takes the place of the one before.
    versions.save(station, detail, "close", [IgnoreRegion("tape", gap)], who="Lee")
    assert [one.is_on for one in versions.saved(station)] == [True, False, True]


def test_regions_that_nothing_could_be_held_against_are_refused(station):
    plain = np.full((600, 800, 3), 150, np.uint8)
    number = inspect_photo(station, jpeg(framed(plain)[0]), "plain.jpg", HERE).id
    bare = log_detail.inspection_detail(station.engine, number)
    region = IgnoreRegion("badge", BADGE)
    with pytest.raises(IgnoreRefused, match="too few edges"):
        versions.save(station, bare, "whole", [region], who="Lee")
    number = inspect_photo(station, photo(seed=12), "nowhere.jpg", Subject("aria", "K2")).id
    nowhere = log_detail.inspection_detail(station.engine, number)
    with pytest.raises(IgnoreRefused, match="station or panel"):
        versions.save(station, nowhere, "whole", [region], who="Lee")
    for wrong in ([], [IgnoreRegion("badge", BADGE[:2])]):
        with pytest.raises(IgnoreRefused):
            versions.save(station, bare, "whole", wrong, who="Lee")


def test_what_was_ignored_is_told_by_json_report_and_workbook(station, badge):
    detail = inspected(station, photo(INSIDE, seed=13))
    answer = inspection_json(detail.inspection, "panel.jpg", detail.id)
    assert answer["defects"] == [] and answer["ignored"]["holds"]
    (mark,) = answer["ignored"]["marks"]
    assert (mark["kind"], mark["type"]) == ("badge", "scratch")
    bare = inspected(station, photo(seed=14), Subject("aria", "K3"))
    assert "ignored" not in inspection_json(bare.inspection, "panel.jpg", bare.id)
    report = counted_report(station, ShiftOfLine(detail.day, detail.shift, ""))
    assert isinstance(detail.day, date)
    (row,) = report.ignored
    assert (row.station, row.view, row.kind, row.marks, row.photos) == (
        *("ST10", "whole", "badge"),
        *(1, 1),
    )
    tables = report_pages(report, translator("en"))["tables"]
    assert any(table["title"] == "Marks not judged: 1" for table in tables)
    assert shift_report_xlsx(report, translator("en"))


def test_a_changed_ignored_mark_is_found_by_the_audit_chain(station, badge):
    inspected(station, photo(INSIDE, seed=15))
    assert audit.verify_chain(station.engine).is_whole
    tamper(station.engine, "UPDATE ignored_mark SET kind = 'tape'")
    assert "inspection 2 is not what was written" in audit.verify_chain(station.engine).sentence
    (stands,) = standing(station.engine, "ST10", "quarter_l")
    assert codec.decode_grey(stands.reference.picture).shape == (480, 640)
    # The list of the Spec page reads no picture.
    assert versions.saved(station)[0].reference.picture == b""


def test_a_view_spelled_otherwise_is_the_same_view(station, badge):
    detail = log_detail.inspection_detail(station.engine, badge)
    tape = [IgnoreRegion("tape", BADGE)]
    versions.save(station, detail, " Whole ", tape, who="Lee")
    (stands,) = standing(station.engine, "ST10", "quarter_l")
    assert (stands.number, stands.about.view) == (2, "whole")
    assert [one.is_on for one in versions.saved(station)] == [True, False]
    for view in ("정면", unicodedata.normalize("NFD", "정면")):
        versions.save(station, detail, view, tape, who="Lee")
    stand = standing(station.engine, "ST10", "quarter_l")
    assert [one.number for one in stand] == [2, 4]
    with pytest.raises(Conflict):
        versions.switch_off(station, 3, who="Lee")
    # Of two views that a photo is framed as, the newer one holds.
    assert inspected(station, photo(seed=16)).inspection.ignoring.version == 4


def test_no_more_views_than_can_be_held_against_a_photo(station, badge):
    detail = log_detail.inspection_detail(station.engine, badge)
    about = standing(station.engine, "ST10", "quarter_l")[0]

    def save(view):
        return save_version(
            station.engine,
            replace(about.about, view=view),
            about.reference,
            who="Lee",
            reason="",
            at=about.at,
        )

    for n in range(MOST_VIEWS - 1):
        save(f"view {n}")
    with pytest.raises(IgnoreRefused, match="8 views"):
        versions.save(station, detail, "one more", about.about.regions, who="Lee")
    save("View 3")
    versions.switch_off(station, 1, who="Lee")
    save("one more")
    with pytest.raises(IgnoreRefused, match="8 views"):
        versions.switch_on(station, 1, who="Lee")


def test_regions_lie_in_a_photo_to_the_tenth_of_a_pixel_that_is_kept(station, badge):
    content = photo(INSIDE, shift=(12.3, -7.4), turn_deg=0.5, seed=17)
    done = inspect_photo(station, content, "panel.jpg", HERE, again=True)
    kept = log_detail.inspection_detail(station.engine, done.id).inspection.ignoring
    assert done.inspection.ignoring.regions == kept.regions
