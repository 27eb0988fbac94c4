"""The scale of one photo: by a card in it, by two points, and what wins over what."""

import math
import re

import numpy as np
import pytest

from inspection.domain.inspections import Subject
from inspection.domain.scale import Scale
from inspection.errors import ScaleRefused
from inspection.i18n import translator
from inspection.imaging.card.finding import find_card
from inspection.services.photo import calibration_card
from inspection.services.photo.calibrating import calibrate, keep_calibration
from inspection.services.photo.calibration_card import calibration_card_pdf
from inspection.services.photo.inspecting import inspect_photo
from inspection.services.photo.record_json import inspection_json
from inspection.storage import audit, calibrations, log_detail, log_pieces
from inspection.storage.log_filter import LogFilter
from tests.card_photos import card_photo, pixels
from tests.conftest import panel_jpeg
from tests.storage.tampering import tamper

SMALL = {"shape": (600, 800), "mm_per_px": 0.4}


def test_a_card_in_a_photo_gives_its_scale_through_the_worker(fake_worker):
    jpeg, true_mm_per_px = card_photo(30, **SMALL)
    scale, _ = calibrate(fake_worker, jpeg, "card.jpg")
    assert scale.source == "card"
    assert scale.mm_per_px == pytest.approx(true_mm_per_px, rel=0.02)
    assert 7 < scale.error_percent < 9


def test_a_photo_without_a_card_needs_two_points(fake_worker):
    with pytest.raises(ScaleRefused, match=r"p\.jpg: no calibration card"):
        calibrate(fake_worker, panel_jpeg(), "p.jpg")
    scale, _ = calibrate(fake_worker, panel_jpeg(), "p.jpg", [(10, 20), (310, 20)], 60.0)
    assert (scale.source, scale.mm_per_px) == ("points", 0.2)


@pytest.mark.parametrize("points", [[(0, 0), (400, 0)], [(5, 5), (6, 6)], [(-1, 0), (100, 0)]])
def test_two_points_outside_the_photo_or_on_one_spot_are_refused(fake_worker, points):
    with pytest.raises(ScaleRefused, match="320 × 240 px"):
        calibrate(fake_worker, panel_jpeg(), "p.jpg", points, 60.0)


@pytest.mark.parametrize("length_mm", [0.0, -3.0, float("nan"), float("inf")])
def test_a_length_that_is_none_is_refused(fake_worker, length_mm):
    with pytest.raises(ScaleRefused, match="gives no scale"):
        calibrate(fake_worker, panel_jpeg(), "p.jpg", [(0, 0), (100, 0)], length_mm)


def test_a_card_wins_over_what_was_typed_and_that_over_the_station(station):
    station.settings.station_scales["ST10"] = 0.9
    subject = Subject(station="ST10")
    try:
        jpeg, true_mm_per_px = card_photo(0, **SMALL)
        by_card = inspect_photo(station, jpeg, "a.jpg", subject, mm_per_px=0.5).inspection
        assert by_card.scale.source == "card"
        assert by_card.scale.mm_per_px == pytest.approx(true_mm_per_px, rel=0.01)
        plain = panel_jpeg()
        typed = inspect_photo(station, plain, "b.jpg", subject, mm_per_px=0.5, log=False)
        assert (typed.inspection.scale.mm_per_px, typed.inspection.scale.source) == (0.5, "person")
        fixed = inspect_photo(station, plain, "b.jpg", subject, log=False).inspection
        assert (fixed.scale.mm_per_px, fixed.scale.source) == (0.9, "station")
        assert inspect_photo(station, plain, "b.jpg", Subject(), log=False).inspection.scale is None
    finally:
        del station.settings.station_scales["ST10"]


def test_the_record_keeps_the_source_and_the_error_of_its_scale(station):
    done = inspect_photo(station, card_photo(0, **SMALL)[0], "a.jpg", Subject())
    detail = log_detail.inspection_detail(station.engine, done.id)
    assert detail.inspection.scale == done.inspection.scale
    assert detail.inspection.judgement.defects == done.inspection.judgement.defects
    answer = inspection_json(detail.inspection, "a.jpg", None)
    assert answer["scale"] == {
        "source": "card",
        "mm_per_px": answer["mm_per_px"],
        "error_percent": done.inspection.scale.error_percent,
    }
    assert audit.verify_chain(station.engine).is_whole
    tamper(station.engine, "UPDATE inspection SET scale_error_percent = 0")
    assert not audit.verify_chain(station.engine).is_whole


def test_a_record_of_an_earlier_version_is_read_with_the_source_of_today(station):
    number = inspect_photo(station, panel_jpeg(), "a.jpg", Subject(), mm_per_px=0.5).id
    tamper(station.engine, "UPDATE inspection SET scale_source = 'sidecar'")
    scale = log_detail.inspection_detail(station.engine, number).inspection.scale
    assert (scale.source, scale.error_percent) == ("file", None)
    exported = log_pieces.inspections_frame(station.engine, LogFilter())
    assert exported["scale_source"].tolist() == ["file"]


def test_a_stored_calibration_beats_the_stations_setting_and_is_beaten_by_what_is_said(station):
    station.settings.station_scales["ST10"] = 0.9
    subject, plain = Subject(station="ST10"), panel_jpeg()
    try:
        two = [(10, 20), (310, 20)]
        scale, photo = calibrate(station.worker, plain, "p.jpg", two, 60.0)
        keep_calibration(
            station, photo, "p.jpg", scale, who="Kim", of_station="ST10", away_mm=500.0
        )
        by_store = inspect_photo(station, plain, "p.jpg", subject, log=False).inspection.scale
        assert by_store == Scale(0.2, "station", scale.error_percent)
        said = inspect_photo(station, plain, "p.jpg", subject, mm_per_px=0.5, log=False)
        assert said.inspection.scale == Scale(0.5, "person")
        elsewhere = Subject(station="")
        assert inspect_photo(station, plain, "p.jpg", elsewhere, log=False).inspection.scale is None
    finally:
        del station.settings.station_scales["ST10"]
    kept = calibrations.calibrations(station.engine)
    assert [(one.station, one.who, one.distance_mm) for one in kept] == [("ST10", "Kim", 500.0)]
    assert audit.verify_chain(station.engine).is_whole


def test_a_photo_that_is_too_coarse_says_how_near_its_station_has_to_go(station):
    # 300 mm on 100 px: 3 mm/px prove 9 mm, seen from a metre; the spec asks for less.
    subject, plain = Subject("aria", "KMH-1", "door_fl", station="ST10"), panel_jpeg()
    scale, photo = calibrate(station.worker, plain, "p.jpg", [(0, 0), (100, 0)], 300.0)
    keep_calibration(station, photo, "p.jpg", scale, who="Kim", of_station="ST10", away_mm=1000.0)
    judged = inspect_photo(station, plain, "p.jpg", subject, log=False).inspection.judgement
    values = {reason.code: reason.values for reason in judged.reasons}
    asked_mm = values["scale_too_coarse"]["limit_mm"]
    assert values["scale_too_coarse"]["smallest_mm"] == pytest.approx(9.0)
    assert values["go_to_distance"]["distance_cm"] == math.floor(100 * asked_mm / 9.0)


def test_a_calibration_needs_a_name_and_a_station_or_a_camera(station):
    scale, photo = calibrate(station.worker, panel_jpeg(), "p.jpg", [(0, 0), (100, 0)], 30.0)
    with pytest.raises(ScaleRefused, match="needs a name"):
        keep_calibration(station, photo, "p.jpg", scale, who=" ", of_station="ST10")
    with pytest.raises(ScaleRefused, match="does not name its camera"):
        keep_calibration(station, photo, "p.jpg", scale, who="Kim")
    assert calibrations.calibrations(station.engine) == ()


@pytest.mark.parametrize("language", ["ko", "en", "de"])
def test_the_card_is_printed_on_one_a4_page_at_its_true_size(language):
    pdf = calibration_card_pdf(translator(language))
    assert pdf.startswith(b"%PDF")
    # 210 × 297 mm in points of 1/72 inch, once.
    assert re.findall(rb"/MediaBox *\[0 0 (\d+)[.\d]* (\d+)", pdf) == [(b"595", b"841")]
    assert pdf == calibration_card_pdf(translator(language))
    picture = pixels(calibration_card._laid_out(translator(language), "png", ppi=5 * 25.4))
    assert picture.shape == (1485, 1050, 3)
    card = find_card(picture)
    assert card.mm_per_px == pytest.approx(0.2, rel=1e-3)
    # In the middle of the page, 148 × 105 mm and 3 mm around it.
    assert np.array(card.outline_px) == pytest.approx(
        np.array([[140, 465], [910, 465], [910, 1020], [140, 1020]]) - 0.5, abs=0.5
    )
