import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import streamlit as st

from inspection.errors import ModelRefused, UnreadableImage, WorkerFailed
from inspection.services import station as station_module
from inspection.services.photo import batches, reviewing, waiting_room
from inspection.services.photo.batches import Order
from inspection.services.worker.parent import ModelState
from inspection.storage import log_detail, log_filter, log_list
from inspection.ui.inspecting import batch as batch_view
from tests.conftest import panel_jpeg
from tests.ui.inspect_page import DOOR, banner, drop, fill, human, keys, logged, words


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_an_empty_page_asks_for_a_photo(open_page, lang):
    at = open_page("inspect", lang=lang)
    assert not at.exception
    assert len(at.get("file_uploader")) == 1


def test_without_a_name_the_page_asks_for_it_and_then_for_photos(open_page, shared):
    at = open_page("inspect", inspector="")
    assert at.get("file_uploader") == []
    at.text_input(key="who_name").set_value("Lee")
    at.button(key="FormSubmitter:who-Start inspecting").click().run()
    assert len(at.get("file_uploader")) == 1
    at = drop(fill(at), ("door.jpg", panel_jpeg()))
    assert log_detail.inspection_detail(shared.engine, 1).inspection.subject.inspector == "Lee"


def test_a_dropped_photo_is_judged_logged_and_opened(open_page, shared):
    at = drop(fill(open_page("inspect")), ("door.jpg", panel_jpeg()))
    assert at.query_params["id"] == "1"
    detail = log_detail.inspection_detail(shared.engine, 1)
    assert (detail.verdict, detail.inspection.subject.panel) == ("rework", "door_fl")
    assert "Rework" in words(at)
    assert "limit" in words(at)
    assert list(at.dataframe[0].value["type"]) == ["scratch"]
    assert "batch" not in at.session_state


def test_a_run_cut_short_just_before_the_result_is_opened_loses_no_result(
    open_page, shared, monkeypatch
):
    cut = []
    open_inspection = batch_view.open_inspection

    def cut_short_once(number):
        if cut:
            return open_inspection(number)
        cut.append(number)
        st.stop()

    monkeypatch.setattr(batch_view, "open_inspection", cut_short_once)
    at = drop(fill(open_page("inspect")), ("door.jpg", panel_jpeg())).run()
    assert cut == [1]
    assert "Rework" in words(at)


def test_no_photo_stays_in_the_session_or_in_the_waiting_folder(open_page, shared):
    at = drop(fill(open_page("inspect")), ("door.jpg", panel_jpeg()))
    assert at.get("file_uploader") == []
    assert list((shared.settings.data_dir / "waiting").iterdir()) == []


def test_the_largest_word_is_what_stands_and_the_proposal_is_beside_it(open_page, shared):
    number = logged(shared)
    reviewing.decide(
        shared, log_detail.inspection_detail(shared.engine, number), "accept", "wiped off", "Lee"
    )
    for page in ("inspect", "log"):
        shown = banner(open_page(page, id=str(number)))
        assert 'data-standing="ok"' in shown and 'data-proposed="rework"' in shown
        assert "decided by Lee" in shown and "wiped off" in shown
        assert shown.index("data-standing") < shown.index("data-proposed")


def test_before_anyone_decided_the_proposal_stands_and_says_that_it_is_one(open_page, shared):
    shown = banner(open_page("inspect", id=str(logged(shared))))
    assert 'data-standing="rework"' in shown and "AI proposal" in shown
    assert "data-proposed" not in shown


def test_the_results_of_a_batch_show_what_stands_and_what_was_proposed(open_page, shared):
    photos = [("a.jpg", panel_jpeg(seed=1)), ("b.jpg", panel_jpeg((), seed=2))]
    at = drop(fill(open_page("inspect")), *photos)
    assert "Rework **1**" in words(at)
    reviewing.decide(
        shared, log_detail.inspection_detail(shared.engine, 1), "accept", "dust", "Lee"
    )
    at = at.run()
    assert "OK **2**" in words(at) and "Rework **0**" in words(at)
    assert "AI proposal: :material/cancel: Rework" in words(at)


def test_a_card_of_a_batch_says_that_its_photo_waits_for_same_photo_again(
    open_page, shared, monkeypatch
):
    photos = [("a.jpg", panel_jpeg(seed=1)), ("b.jpg", panel_jpeg((), seed=2))]
    at = drop(fill(open_page("inspect")), *photos)
    assert "Same photo again?" not in words(at)
    detail_of = log_detail.inspection_detail

    def first_waits(engine, number):
        detail = detail_of(engine, number)
        return replace(detail, left_out="waiting") if number == 1 else detail

    monkeypatch.setattr(log_detail, "inspection_detail", first_waits)
    assert words(at.run()).count("Same photo again? Not counted yet") == 1


def test_not_ok_confirms_the_proposed_repair_and_undo_asks_whose_it_is(open_page, shared):
    number = logged(shared)
    at = open_page("inspect", id=str(number))
    at.button(key="decide_not_ok").click().run()
    assert log_detail.inspection_detail(shared.engine, number).disposition == "polish"
    assert "decided by Kim" in banner(at)
    at.button(key="decide_undo").click().run()
    assert "was your decision" in words(at) and "**Kim**" in words(at)
    assert log_detail.inspection_detail(shared.engine, number).disposition == "polish"
    at.button(key="decide_undo_sure").click().run()
    assert log_detail.inspection_detail(shared.engine, number).disposition == ""
    assert "decide_ok" in keys(at)


def test_whose_decision_it_is_is_said_before_another_person_undoes_it(open_page, shared):
    number = logged(shared)
    detail = log_detail.inspection_detail(shared.engine, number)
    reviewing.decide(shared, detail, "polish", "", "Kim")
    at = open_page("inspect", id=str(number), inspector="Lee")
    at.button(key="decide_undo").click().run()
    assert "decided by **Kim**" in words(at) and "as **Lee**" in words(at)
    at.button(key="decide_cancel").click().run()
    assert log_detail.inspection_detail(shared.engine, number).disposition == "polish"
    assert "decide_undo" in keys(at)


@pytest.mark.parametrize("proposed", ["ok", "rework", "human"])
def test_y_is_ok_and_o_is_not_ok_whatever_is_proposed(open_page, shared, proposed):
    number = {
        "ok": lambda: logged(shared, panel_jpeg(())),
        "rework": lambda: logged(shared),
        "human": lambda: human(shared),
    }[proposed]()
    assert log_detail.inspection_detail(shared.engine, number).verdict == proposed
    at = open_page("inspect", id=str(number))
    keys_of = {button.key: button.proto.shortcut for button in at.button}
    assert (keys_of["decide_ok"], keys_of["decide_not_ok"]) == ("y", "o")
    kinds = {button.key: button.proto.type for button in at.button}
    is_equal = kinds["decide_ok"] == kinds["decide_not_ok"]
    assert is_equal == (proposed == "human")


@pytest.mark.parametrize("mm_per_px", [0.2, None])
def test_ok_over_a_marked_defect_asks_for_its_reason(open_page, shared, mm_per_px):
    number = logged(shared, mm_per_px=mm_per_px)
    at = open_page("inspect", id=str(number))
    at.button(key="decide_ok").click().run()
    assert log_detail.inspection_detail(shared.engine, number).disposition == ""
    at.button(key="decide_save").click().run()
    assert "Choose or write a reason" in words(at)
    at.button_group(key=f"overrule_quick_ok_{number}").set_value(["reflection"]).run()
    at.text_input(key=f"overrule_words_{number}").set_value("seen from the side").run()
    at.button(key="decide_save").click().run()
    (said,) = log_detail.inspection_detail(shared.engine, number).decisions
    assert said.decision.disposition == "accept"
    assert said.decision.reason == "Reflection, no defect; seen from the side"


def test_another_repair_than_the_proposed_one_needs_its_name_and_a_reason(open_page, shared):
    number = logged(shared)
    at = open_page("inspect", id=str(number))
    at.button(key="decide_other").click().run()
    at.button(key="decide_save").click().run()
    assert "Choose what should happen" in words(at)
    offered = at.button_group(key=f"overrule_disposition_{number}")
    assert not {"OK: accept", "Accept", "Polish"} & set(offered.options)
    offered.set_value("spot_repair").run()
    at.button(key="decide_save").click().run()
    assert "Choose or write a reason" in words(at)
    at.button_group(key=f"overrule_quick_other_{number}").set_value(["wrong_size"]).run()
    at.button(key="decide_save").click().run()
    (said,) = log_detail.inspection_detail(shared.engine, number).decisions
    assert said.decision.disposition == "spot_repair"


def test_next_photo_leads_back_to_an_empty_page(open_page, shared):
    at = open_page("inspect", id=str(logged(shared)))
    at.button(key="decide_next").click().run()
    assert "id" not in at.query_params
    assert len(at.get("file_uploader")) == 1


def test_moving_a_threshold_previews_and_back_restores(open_page, shared):
    number = logged(shared)
    at = open_page("inspect", id=str(number))
    at.select_slider(key=f"smallest_{number}").set_value(1000).run()
    assert "Preview" in words(at)
    assert at.dataframe == []
    assert "decide_ok" not in keys(at)
    at.button(key="decide_back").click().run()
    assert "Preview" not in words(at)
    assert len(at.dataframe[0].value) == 1
    assert log_detail.inspection_detail(shared.engine, number).superseded_by is None


def test_back_to_the_models_thresholds_also_moves_the_sliders_in_the_browser(open_page, shared):
    number = logged(shared)
    at = open_page("inspect", id=str(number))
    at.slider(key=f"region_{number}").set_value(0.9)
    at.select_slider(key=f"smallest_{number}").set_value(1000).run()
    at.button(key="decide_back").click().run()
    sliders = (at.slider(key=f"region_{number}"), at.select_slider(key=f"smallest_{number}"))
    assert [slider.value for slider in sliders] == [0.5, 16]
    # Without it the browser keeps the old places and sends them with the next click.
    assert all(slider.proto.set_value for slider in sliders)


def test_kept_thresholds_open_the_new_record(open_page, shared):
    number = logged(shared)
    at = open_page("inspect", id=str(number))
    at.select_slider(key=f"smallest_{number}").set_value(1000).run()
    at.button(key="decide_keep").click().run()
    assert at.query_params["id"] == str(number + 1)
    assert log_detail.inspection_detail(shared.engine, number).superseded_by == number + 1
    at.button(key=f"open_{number}").click().run()
    assert "Judged again" in words(at)
    assert "decide_ok" not in keys(at)


def test_without_a_scale_a_person_decides_or_gives_the_scale(open_page, shared):
    number = logged(shared, mm_per_px=None)
    at = open_page("inspect", id=str(number))
    assert "Without a scale" in words(at)
    assert "decide_ok" in keys(at)
    at.number_input(key=f"late_scale_{number}").set_value(0.2).run()
    at.button(key="judge_with_scale").click().run()
    later = log_detail.inspection_detail(shared.engine, number + 1)
    assert (later.verdict, later.inspection.scale.mm_per_px) == ("rework", 0.2)
    assert at.query_params["id"] == str(number + 1)


def test_the_same_photo_twice_shows_the_first_and_offers_a_second_inspection(open_page, shared):
    number = logged(shared)
    at = drop(fill(open_page("inspect")), ("copy.jpg", panel_jpeg()))
    assert "Already inspected at" in words(at)
    at.button(key=f"batch_again_{number}").click().run()
    again = log_detail.inspection_detail(shared.engine, number + 1)
    assert again.inspection.repeats == number
    assert at.query_params["id"] == str(number + 1)


def test_of_three_files_the_corrupt_one_is_named_and_the_others_are_results(open_page, shared):
    photos = [("a.jpg", panel_jpeg(seed=1)), ("torn.jpg", b"no"), ("b.jpg", panel_jpeg((), seed=2))]
    at = drop(fill(open_page("inspect")), *photos)
    assert "2 of 3 photos inspected" in words(at)
    assert "torn.jpg" in words(at)
    assert log_list.count(shared.engine, log_filter.LogFilter()) == 2
    at.button(key="batch_open_1").click().run()
    assert at.query_params["id"] == "1"
    at.button(key="decide_next").click().run()
    assert at.query_params["id"] == "2"
    at.button(key="batch_back").click().run()
    at.button(key="batch_let_go").click().run()
    assert len(at.get("file_uploader")) == 1


def test_a_worker_that_died_is_told_and_the_photo_can_be_tried_again(
    open_page, shared, monkeypatch
):
    def dies(*_, **__):
        raise WorkerFailed("door.jpg: not inspected, the worker process was killed")

    at = fill(open_page("inspect"))
    monkeypatch.setattr(batches.inspecting, "inspect_photo", dies)
    at = drop(at, ("door.jpg", panel_jpeg()))
    assert "door.jpg: not inspected" in words(at)
    monkeypatch.undo()
    monkeypatch.setattr(station_module, "_shared", shared)
    at.button(key="batch_retry").click().run()
    assert log_detail.inspection_detail(shared.engine, 1).verdict == "rework"
    assert at.query_params["id"] == "1"


def test_a_click_on_a_region_selects_its_row_without_moving_the_photo(open_page, shared):
    two = panel_jpeg(((100, 60, 80, 6), (100, 160, 60, 6)))
    number = logged(shared, two)
    at = open_page("inspect", id=str(number))
    at.session_state["clicked_region"] = (number, 2)
    at.session_state["defect_table_round"] = 1
    at.run().run()
    table = at.session_state[f"defects_{number}_1"]
    assert table["selection"]["rows"] == [1]
    viewer = at.get("bidi_component")[0]
    assert '"focus": null' in viewer.proto.json or '"focus":null' in viewer.proto.json


def test_an_unknown_number_in_the_address_says_so(open_page):
    for number in ("999", "nonsense", "-1"):
        at = open_page("inspect", id=number)
        assert not at.exception
        assert "cannot be shown" in words(at)


def test_a_refused_model_turns_inspection_off_and_leaves_the_rest(open_page, shared, monkeypatch):
    number = logged(shared)
    state = ModelState(error=ModelRefused("model x: unet.bin does not match its card"))
    monkeypatch.setattr(shared.worker, "_model", state)
    at = open_page("inspect")
    assert "unet.bin does not match its card" in words(at)
    assert at.get("file_uploader") == []
    at.query_params["id"] = str(number)
    assert "Rework" in words(at.run())


def test_the_panels_offered_are_those_of_the_vehicle_model(open_page, shared):
    at = fill(open_page("inspect"))
    offered = set(at.selectbox(key="subject_panel").options)
    model = shared.bodies.model("aria")
    assert len(offered) == len(model.panels) + 1
    assert at.selectbox(key="subject_panel").value == "door_fl"


@pytest.fixture
def under_way(shared):
    """Kim's batch of three photos, one of which is done; it goes on when the test has ended."""
    second, go_on = threading.Event(), threading.Event()

    def read_slowly():
        second.set()
        assert go_on.wait(60)
        return panel_jpeg(seed=2)

    orders = [
        batches.order_for(shared, "a.jpg", DOOR, batches.set_aside(shared, panel_jpeg(seed=1))),
        Order("b.jpg", read_slowly, DOOR),
        Order("c.jpg", lambda: panel_jpeg(seed=3), DOOR),
    ]
    key = batches.begin(shared, orders)
    assert second.wait(30)
    yield key
    go_on.set()
    assert batches.find_batch(key).wait(30)


def test_a_second_tab_sees_the_batch_under_way_and_whose_it_is(open_page, shared, under_way):
    for page in ("inspect", "home"):
        at = open_page(page, inspector="Lee")
        (bar,) = at.get("progress")
        assert "1 of 3, Kim" in bar.proto.text
        assert f"batch_show_{under_way}" in keys(at)
        # The others go on with their own photos meanwhile.
        assert page == "home" or len(at.get("file_uploader")) == 1


def test_a_reload_shows_the_results_of_the_batch_in_the_address(open_page, shared):
    photos = [("a.jpg", panel_jpeg(seed=1)), ("b.jpg", panel_jpeg((), seed=2))]
    key = drop(fill(open_page("inspect")), *photos).query_params["batch"]
    again = open_page("inspect", batch=key)
    assert "2 of 2 photos inspected" in words(again)
    # Who only looks takes nothing away.
    other = open_page("inspect", inspector="Lee", batch=key)
    other.button(key="batch_let_go").click().run()
    assert "batch" not in other.query_params
    assert "2 of 2 photos inspected" in words(again.run())
    again.button(key="batch_let_go").click().run()
    assert batches.find_batch(key) is None
    assert "not kept any more" in words(open_page("inspect", batch=key))


def test_what_a_killed_server_left_is_told_and_gone_on_with(open_page, shared):
    orders = [
        batches.order_for(
            shared,
            name,
            DOOR,
            batches.set_aside(shared, panel_jpeg(seed=seed)),
            mm_per_px=0.2,
        )
        for seed, name in enumerate(("a.jpg", "b.jpg"))
    ]
    written = [batches._written(order) for order in orders]
    begun_at = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    journal = waiting_room.open_journal(shared, "k1", "Kim", begun_at, written)
    torn = batches.Outcome("a.jpg", "refused", error=UnreadableImage("truncated_end", name="a.jpg"))
    journal.write_done(0, torn.as_json())
    # The lock of that server is free now, as after a kill.
    waiting_room._claims.pop(journal.folder / "lock").release()
    for page in ("inspect", "home"):
        at = open_page(page, inspector="Lee")
        assert "1 of 2 were done, 1 were left" in words(at) and "b.jpg" in words(at)
    at = open_page("inspect", inspector="Lee")
    at.button(key="batch_go_on_k1").click().run()
    assert "1 of 2 photos inspected" in words(at) and "a.jpg: the file is truncated" in words(at)
    assert log_detail.inspection_detail(shared.engine, 1).subject.inspector == "Lee"
    assert "were left" not in words(open_page("home"))
