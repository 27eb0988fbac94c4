"""One small demo line is loaded once for all tests here: two weeks, one colour, few bodies."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from inspection.config import Settings
from inspection.errors import StorageError
from inspection.imaging import codec
from inspection.services.demo import line as demo_line
from inspection.services.demo import load as demo
from inspection.services.demo import photos as demo_photos
from inspection.services.demo.jobs import remove_demo_line
from inspection.services.demo.load import load_demo_line
from inspection.services.quality import repeats
from inspection.services.station import open_station
from inspection.storage import (
    audit,
    counting,
    demo_loads,
    log_detail,
    log_list,
    log_pieces,
    recording,
)
from inspection.storage.log_filter import LogFilter
from tests.storage.sample_inspections import DAY_SHIFT, an_inspection

LAST_DAY = date(2026, 3, 14)
SMALL = {"weeks": 2, "seed": 3, "last_day": LAST_DAY, "colours": ("grey",), "bodies_a_day": 45}
CLOGGED_FROM = date(2026, 3, 8)
DRIPPING_FROM = date(2026, 3, 9)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    station = open_station(Settings(data_dir=tmp_path_factory.mktemp("demo")), with_model=False)
    steps = []
    count = load_demo_line(station, **SMALL, progress=lambda done, of: steps.append((done, of)))
    yield station, count, steps
    station.close()


@pytest.fixture(scope="module")
def log(loaded):
    return log_pieces.inspections_frame(loaded[0].engine, LogFilter())


@pytest.fixture(scope="module")
def defects(loaded):
    return log_pieces.defects_frame(loaded[0].engine, LogFilter())


def test_the_answer_is_the_number_of_inspections_in_the_log(loaded, log):
    assert loaded[1] == len(log) > 800


def test_progress_goes_step_by_step_to_its_end(loaded):
    steps = loaded[2]
    assert [done for done, _ in steps] == list(range(1, len(steps) + 1))
    assert {of for _, of in steps} == {len(steps)}


def test_sundays_are_idle_and_every_other_day_of_the_weeks_is_not(log):
    days = set(pd.to_datetime(log["day"]).dt.date)
    weeks = {demo_line.first_day(LAST_DAY, 2) + timedelta(days=passed) for passed in range(14)}
    assert days == {day for day in weeks if day.weekday() != 6}


def test_every_shift_line_and_vehicle_model_has_bodies(log):
    assert set(log["shift"]) == {"day", "evening", "night"}
    assert set(log["line"]) == {"L1", "L2"}
    assert set(log["vehicle_model"]) == {"aria", "borea", "cielo"}
    assert len(set(log["inspector"])) > 6


def test_every_moment_lies_in_the_shift_it_is_logged_under(loaded, log):
    calendar = loaded[0].calendar
    for row in log.itertuples():
        slot = calendar.slot_at(row.inspected_at)
        assert (slot.day, slot.shift) == (pd.Timestamp(row.day).date(), row.shift)


def test_numbers_follow_the_clock(log):
    assert log.sort_values("id")["inspected_at"].is_monotonic_increasing


def test_the_same_seed_and_day_give_the_same_inspections_as_far_as_the_clock_has_come(
    loaded, log, tmp_path
):
    noon = datetime(2026, 3, 4, 12, tzinfo=ZoneInfo("Asia/Seoul"))
    again = open_station(Settings(data_dir=tmp_path / "again"), with_model=False)
    count = load_demo_line(again, **SMALL, now=noon)
    other = log_pieces.inspections_frame(again.engine, LogFilter())
    again.close()

    said = ["disposition", "standing"]
    expected = log[log["inspected_at"] <= noon]
    assert 0 < count == len(expected) < len(log)
    pd.testing.assert_frame_equal(other.drop(columns=said), expected.drop(columns=said))
    # In the shift that is still running people have not come to everything yet.
    ended = expected["inspected_at"] < noon.replace(hour=6)
    assert ended.sum() < len(expected)
    pd.testing.assert_frame_equal(other.loc[ended, said], expected.loc[ended, said])


class CutShort(Exception):
    """Somebody has stopped the load."""


TINY = {"weeks": 1, "seed": 3, "last_day": LAST_DAY, "colours": ("grey",), "bodies_a_day": 6}


def load_cut_short(station, at_share):
    def cut_short(done, of):
        if done >= at_share * of:
            raise CutShort

    with pytest.raises(CutShort):
        load_demo_line(station, **TINY, progress=cut_short)


# Photos of the demo line by what they were rendered for: once for all tests.
_rendered: dict = {}


@pytest.fixture
def small(tmp_path, monkeypatch):
    real, kept = demo_photos.render_pool, _rendered

    def rendered_once(pictures, seed, done):
        key = (tuple(pictures), seed)
        if key not in kept:
            kept[key] = real(pictures, seed)
        for _ in pictures:
            done()
        return kept[key]

    monkeypatch.setattr(demo_photos, "render_pool", rendered_once)
    station = open_station(Settings(data_dir=tmp_path / "data"), with_model=False)
    yield station
    station.close()


def photo_files(station):
    return [path for path in station.photos.root.rglob("*") if path.is_file()]


def test_a_load_that_was_cut_short_ends_as_if_it_never_had_been(small, tmp_path):
    load_cut_short(small, 0.8)
    held = log_list.count(small.engine, LogFilter())
    assert demo_loads.demo_state(small.engine) == "loading"
    # What is asked for now does not matter: it is gone on with as it was begun.
    count = load_demo_line(small, last_day=date(2020, 1, 1))
    assert 0 < held < count
    assert demo_loads.demo_state(small.engine) == "loaded"
    whole = open_station(Settings(data_dir=tmp_path / "whole"), with_model=False)
    load_demo_line(whole, **TINY)
    for frame in (log_pieces.inspections_frame, log_pieces.defects_frame):
        pd.testing.assert_frame_equal(
            frame(small.engine, LogFilter()), frame(whole.engine, LogFilter())
        )
    assert audit.verify_chain(small.engine).is_whole
    assert counting.check_daily_count(small.engine) == ()
    whole.close()


def test_one_photo_that_cannot_be_judged_is_left_out_and_the_rest_goes_on(small, monkeypatch):
    judge = demo.judge

    def judge_but_one(*given, **how):
        judge_but_one.calls += 1
        if judge_but_one.calls == 5:
            raise ZeroDivisionError("one bad photo")
        return judge(*given, **how)

    judge_but_one.calls = 0
    monkeypatch.setattr(demo, "judge", judge_but_one)
    left_out = []
    count = load_demo_line(small, **TINY, tell_left_out=left_out.append)
    assert count == judge_but_one.calls - 1 == log_list.count(small.engine, LogFilter())
    (sentence,) = left_out
    assert sentence.startswith("demo 2026-03-") and "not inspected" in sentence


def test_one_photo_that_the_log_refuses_leaves_its_batch_and_the_rest_goes_on(small, monkeypatch):
    refused = []

    def inspect_but_one(story, photo, whole=demo._inspect):
        one = whole(story, photo)
        if not refused:
            refused.append(one)
            # No database takes it.
            one = replace(one, photo_name=b"bytes")
        return one

    monkeypatch.setattr(demo, "_inspect", inspect_but_one)
    left_out = []
    count = load_demo_line(small, **TINY, tell_left_out=left_out.append)
    assert count == log_list.count(small.engine, LogFilter()) > 0
    assert len(left_out) == len(refused) == 1
    assert counting.check_daily_count(small.engine) == ()


def test_a_picture_that_cannot_be_rendered_is_missing_in_the_pool_alone(monkeypatch):
    first, bad, last = demo_photos.pool_pictures(("grey",), "door")[:3]

    def render(picture, seed):
        if picture == bad:
            raise MemoryError
        return SimpleNamespace(picture=picture)

    monkeypatch.setattr(demo_photos, "_render", render)
    assert list(demo_photos.render_pool([first, bad, last], 1)) == [first, last]
    with pytest.raises(MemoryError):
        demo_photos.render_pool([bad], 1)


def test_a_demo_line_is_removed_with_its_photos_and_can_be_loaded_again(small):
    count = load_demo_line(small, **TINY)
    assert remove_demo_line(small, "Kim") == count
    assert log_list.count(small.engine, LogFilter()) == 0
    assert photo_files(small) == []
    assert demo_loads.demo_state(small.engine) == ""
    assert audit.verify_chain(small.engine).is_whole
    assert load_demo_line(small, **TINY) == count
    assert audit.verify_chain(small.engine).is_whole


def test_a_load_stopped_while_its_photos_were_made_leaves_nothing_after_removal(small):
    load_cut_short(small, 0.3)
    assert remove_demo_line(small) == 0
    assert photo_files(small) == []
    assert demo_loads.demo_state(small.engine) == ""


def test_a_log_of_real_inspections_takes_no_demo_line_unless_it_is_asked_for(small):
    one = an_inspection("real")
    number = recording.record_inspection(small.engine, one, DAY_SHIFT)
    with pytest.raises(StorageError, match=r"1 real inspections.*--beside-real"):
        load_demo_line(small, **TINY)
    assert demo_loads.demo_state(small.engine) == ""
    load_demo_line(small, **TINY, beside_real=True)
    remove_demo_line(small)
    frame = log_pieces.inspections_frame(small.engine, LogFilter())
    assert list(frame["id"]) == [number]


def test_a_second_demo_is_refused_and_writes_nothing(loaded):
    station, count, _ = loaded
    with pytest.raises(StorageError, match=f"already holds a demo line \\({count} inspections\\)"):
        load_demo_line(station, **SMALL)
    assert log_list.count(station.engine, LogFilter()) == count


def test_the_clogged_nozzle_shows_as_a_shift_in_dpu_on_its_line_alone(log, defects):
    def dpu(vehicle_model, line, is_late):
        def chosen(frame):
            late = pd.to_datetime(frame["day"]).dt.date >= CLOGGED_FROM
            same = (frame["vehicle_model"] == vehicle_model) & (frame["line"] == line)
            return frame[same & (late == is_late) & frame["is_first"].astype(bool)]

        return len(chosen(defects)) / chosen(log)["body_number"].nunique()

    assert dpu("aria", "L1", True) > 1.8 * dpu("aria", "L1", False)
    assert dpu("aria", "L2", True) < 1.6 * dpu("aria", "L2", False)


def test_the_clogged_nozzle_brings_runs_and_inclusions(defects):
    days = pd.to_datetime(defects["day"]).dt.date
    on_line = (defects["vehicle_model"] == "aria") & (defects["line"] == "L1")
    late = defects[on_line & (days >= CLOGGED_FROM)]
    assert late["type"].isin(("run_sag", "dust_inclusion")).mean() > 0.8


def test_the_oil_drips_on_one_spot_of_one_panel_from_its_day_on(defects):
    cells = defects.assign(
        x=(defects["position_x"] * 20).astype(int), y=(defects["position_y"] * 20).astype(int)
    )
    bodies = cells.groupby(["vehicle_model", "panel", "x", "y"])["body_number"].nunique()
    assert bodies.idxmax() == ("borea", "door_fl", int(0.62 * 20), int(0.41 * 20))
    assert bodies.max() > 3 * bodies.nlargest(2).iloc[1]

    spot = defects[
        (defects["vehicle_model"] == "borea")
        & (defects["panel"] == "door_fl")
        & (defects["position_x"] - 0.62).abs().lt(0.02)
        & (defects["position_y"] - 0.41).abs().lt(0.02)
    ]
    assert set(spot["type"]) == {"crater"}
    assert pd.to_datetime(spot["day"]).dt.date.min() >= DRIPPING_FROM


def test_the_daily_roll_up_and_the_audit_chain_hold(loaded):
    engine = loaded[0].engine
    assert counting.check_daily_count(engine) == ()
    assert audit.verify_chain(engine).is_whole


def test_bodies_that_come_back_after_repair_do_not_count_again(log):
    again = log[~log["is_first"].astype(bool)]
    assert 0 < len(again) < 0.15 * len(log)
    assert set(again["repeats"].dropna()) == set()


def test_people_confirm_most_proposals_and_overrule_some_with_a_reason(loaded, log):
    reworked = log[log["verdict"] == "rework"]
    assert (reworked["disposition"] != "").mean() > 0.8
    overruled = reworked[reworked["disposition"] == "accept"]
    assert 0.02 < len(overruled) / len(reworked) < 0.25
    detail = log_detail.inspection_detail(loaded[0].engine, int(overruled["id"].iloc[0]))
    assert detail.decisions[-1].decision.reason


def test_the_records_say_that_no_network_was_at_work(loaded, log):
    assert set(log["photo_source"]) == {"demo"}
    assert set(log["model"]) == {"rendered-truth"}
    assert set(log["model_sha256"]) == {demo_photos.MODEL_SHA256}
    card = log_detail.model_card(loaded[0].engine, demo_photos.MODEL_SHA256)
    assert card == demo_photos.CARD
    assert card["note"].startswith("No network.")


def test_every_photo_and_its_map_can_be_opened_and_agree_with_the_defects(loaded, log):
    station = loaded[0]
    flawed = log[log["defects"] > 0].drop_duplicates("photo_sha256")
    clean = log[log["defects"] == 0].drop_duplicates("photo_sha256")
    for row in [*flawed.itertuples(), *clean.itertuples()]:
        assert station.photos.original(row.photo_sha256)
        assert station.photos.display_path(row.photo_sha256).stat().st_size > 1000
        assert station.photos.thumbnail_path(row.photo_sha256).stat().st_size > 500
        probability_png, _ = station.photos.evidence(row.photo_sha256, row.model_sha256)
        marked = int((codec.decode_grey(probability_png) > 127).sum())
        assert marked >= row.defect_area_px
        assert (marked > 0) == (row.defects > 0)


def test_a_demo_photo_is_not_told_as_the_same_photo_of_another_body(loaded, log):
    shared = log[log["photo_sha256"].duplicated()]
    detail = log_detail.inspection_detail(loaded[0].engine, int(shared["id"].iloc[-1]))
    assert detail.related == ()


def test_a_fresh_draw_of_a_picture_shows_what_was_asked():
    rng_pictures = [
        demo_line.Picture("door", "black", ""),
        demo_line.Picture("hood", "white", "run_sag"),
    ]
    pool = demo_photos.render_pool(rng_pictures, seed=9)
    clean, flawed = (pool[picture] for picture in rng_pictures)
    assert clean.regions == () and clean.score == 0.0
    assert {region.type for region in flawed.regions} == {"run_sag"} and flawed.score == 1.0
    assert codec.decode_rgb(flawed.content).shape == (480, 640, 3)


def test_the_plan_draws_colours_as_often_as_they_are_sold():
    counts = np.array([share for share, _ in demo_line.COLOURS.values()])
    assert counts.sum() == pytest.approx(1.0)


def test_the_planted_spot_is_found_with_its_place_and_since_when(loaded):
    station = loaded[0]
    look = repeats.latest_look(
        station.engine, station.bodies, station.calendar, datetime(2026, 3, 20, tzinfo=UTC)
    )
    (found,) = look.repeats
    assert (found.repeat.vehicle_model, found.repeat.panel) == ("borea", "door_fl")
    assert found.repeat.position == pytest.approx((0.62, 0.41), abs=0.02)
    assert station.calendar.slot_at(found.first_seen).day == DRIPPING_FROM
    assert found.repeat.hits >= 5
    assert found.repeat.expected_by_chance < 0.01


def test_before_the_oil_drips_no_place_repeats(loaded):
    station = loaded[0]
    day = DRIPPING_FROM - timedelta(days=2)
    look = repeats.repeats_of_shift(station.engine, station.bodies, station.calendar, day, "night")
    assert look.searched > 10_000
    assert look.repeats == ()


def test_a_large_demo_has_about_the_inspections_asked_for_and_three_defects_each(tmp_path):
    station = open_station(Settings(data_dir=tmp_path), with_model=False)
    asked = {"weeks": 1, "seed": 3, "last_day": LAST_DAY, "colours": ("grey",)}
    count = load_demo_line(station, **asked, inspections=400)
    marks = log_pieces.defects_frame(station.engine, LogFilter())
    verdicts = log_pieces.inspections_frame(station.engine, LogFilter())["verdict"]
    assert count == pytest.approx(400, rel=0.3)
    assert len(marks) / count == pytest.approx(3, rel=0.15)
    # Marks within the limits leave the verdicts as they are on the usual line.
    assert (verdicts == "ok").mean() > 0.75
    assert set(marks.loc[marks["type"].isin(demo_line.MARK_SHARES), "severity"]) == {"minor"}
    assert counting.check_daily_count(station.engine) == ()
    assert audit.verify_chain(station.engine).is_whole
    station.close()


def test_a_long_demo_tells_its_story_in_the_last_eight_weeks():
    assert demo_line.clogged_from(LAST_DAY, 104) == demo_line.clogged_from(LAST_DAY, 8)
    assert demo_line.dripping_from(LAST_DAY, 104) == demo_line.dripping_from(LAST_DAY, 8)
