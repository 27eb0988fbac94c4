"""Photo first: what a photo says of itself is not asked, and what is unsure is one tap each."""

from dataclasses import replace

import pytest

from inspection.services.photo import batches
from inspection.services.photo.arriving import photos
from inspection.services.photo.inspecting import inspect_photo
from inspection.storage import log_detail
from inspection.ui.inspecting import arrival
from tests.conftest import panel_jpeg
from tests.labelled_photos import as_jpeg, labelled_photo
from tests.services.photo.test_suggesting import GREY, RED, jpeg, view
from tests.ui.inspect_page import DOOR, keys, words


def of_body(number: str, panel: str = "door_fl"):
    return replace(DOOR, body_number=number, panel=panel)


def labelled(number: str) -> bytes:
    return as_jpeg(labelled_photo(("code_128", number), shape=(480, 640)))


def dropped(at, name, content):
    (uploader,) = at.get("file_uploader")
    uploader.upload(name, content)
    return at.run()


def subject(shared, number=1):
    return log_detail.inspection_detail(shared.engine, number).subject


def test_the_label_says_the_body_and_two_taps_say_the_rest(open_page, shared):
    at = dropped(open_page("inspect"), "IMG_1.jpg", labelled("KMH-0042"))
    assert "KMH-0042 (label)" in words(at)
    assert "answer_colour_blue" in keys(at)
    at.button(key="answer_vehicle_model_aria").click().run()
    at.button(key="answer_colour_blue").click().run()
    # The last open question answered, the inspection begins by itself.
    at.button(key="answer_panel_door_fl").click().run()
    said = subject(shared)
    assert (said.body_number, said.vehicle_model, said.panel) == ("KMH-0042", "aria", "door_fl")
    assert said.colour == "blue"
    assert at.query_params["id"] == "1" and "photo" not in at.query_params


def test_what_a_person_typed_stands_over_the_label(open_page, shared):
    at = open_page("inspect")
    at.text_input(key="subject_body_number").set_value("KMH-9").run()
    at = dropped(at, "IMG_1.jpg", labelled("KMH-0042"))
    assert "arrival_start" in keys(at)
    at.button(key="arrival_start").click().run()
    assert subject(shared).body_number == "KMH-9"


def test_a_body_that_the_log_knows_is_asked_for_its_panel_alone(open_page, shared):
    batches.find_batch(
        batches.begin(
            shared,
            [
                batches.order_for(
                    shared, "a.jpg", of_body("KMH-0042"), batches.set_aside(shared, panel_jpeg())
                )
            ],
        )
    ).wait(60)
    at = dropped(open_page("inspect"), "IMG_1.jpg", labelled("KMH-0042"))
    assert "answer_panel_hood" in keys(at)
    assert not any(key.startswith("answer_vehicle_model") for key in keys(at))
    assert "Aria (log)" in words(at)


def test_the_panel_is_suggested_by_the_picture_and_taken_by_one_tap_alone(open_page, shared):
    for number in range(2):
        for panel, code in ((1, "door_fl"), (2, "hood")):
            content, about = jpeg(view(panel, GREY, number)), of_body(f"KMH-{number}", code)
            inspect_photo(shared, content, f"{code}.jpg", about)
    at = open_page("inspect")
    for name, value in (("station", "ST10"), ("vehicle_model", "aria")):
        at.selectbox(key=f"subject_{name}").set_value(value).run()
    at.text_input(key="subject_body_number").set_value("KMH-9").run()
    at = dropped(at, "IMG_1.jpg", jpeg(view(2, RED, 9)))
    assert "By the picture probably Hood: tap it to confirm." in words(at)
    offered = [one for one in at.button if one.key.startswith("answer_panel_")]
    assert offered[0].key == "answer_panel_hood"
    assert [one.key for one in offered if one.proto.type == "primary"] == ["answer_panel_hood"]
    assert at.selectbox(key="subject_panel").value == ""
    at.button(key="answer_panel_hood").click().run()
    assert subject(shared, 5).panel == "hood"


def test_a_panel_that_nobody_confirmed_is_not_logged_against_the_picture(
    open_page, shared, monkeypatch
):
    """The photo before showed the hood, this one most likely the door; nobody taps either."""
    monkeypatch.setattr(arrival, "suggested_panel", lambda *asked: "door_fl")
    # As where somebody walks round the body with a phone.
    monkeypatch.setattr(arrival, "_taken_over", lambda arrived, looked: {"panel"})
    key = dropped(open_page("inspect"), "IMG_1.jpg", jpeg(view(2, RED, 9))).query_params["photo"]
    at = open_page("inspect")
    for name, value in (("vehicle_model", "aria"), ("panel", "hood")):
        at.selectbox(key=f"subject_{name}").set_value(value).run()
    at.text_input(key="subject_body_number").set_value("KMH-9").run()
    at.query_params["photo"] = key
    at.run()
    at.button(key="arrival_start").click().run()
    assert subject(shared, 1).panel == ""
    assert subject(shared, 1).body_number == "KMH-9"


def test_a_reload_shows_the_same_photo_and_one_that_is_gone_says_so(open_page, shared):
    at = dropped(open_page("inspect"), "IMG_1.jpg", labelled("KMH-0042"))
    key = at.query_params["photo"]
    again = open_page("inspect", photo=key)
    assert "KMH-0042 (label)" in words(again)
    again.button(key="arrival_other").click().run()
    assert "not kept any more" in words(open_page("inspect", photo=key))


def test_a_file_that_is_no_photo_says_why_and_makes_room_for_another(open_page, shared):
    at = dropped(open_page("inspect"), "torn.jpg", b"no photo")
    assert "torn.jpg: text files are not read" in words(at).replace("\\", "")
    at.button(key="arrival_other").click().run()
    assert len(at.get("file_uploader")) == 1


def test_the_name_of_the_inspector_is_asked_beside_the_photo(open_page, shared):
    key = photos.receive(shared, labelled("KMH-0042"), "p.jpg", source="camera", walks=True)
    at = open_page("inspect", inspector="", photo=key)
    assert at.button(key="arrival_start").disabled
    at.text_input(key="who_name").set_value("Kim")
    at.button[[b.label for b in at.button].index("Start inspecting")].click().run()
    assert not at.button(key="arrival_start").disabled


def test_a_photo_dropped_on_home_opens_on_the_inspect_page(open_page, shared):
    at = dropped(open_page("home"), "IMG_1.jpg", labelled("KMH-0042"))
    assert "KMH-0042 (label)" in words(at)


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_batch_stands_body_by_body_each_under_the_verdict_of_its_worst_photo(
    open_page, shared, lang
):
    orders = [
        batches.order_for(shared, name, about, batches.set_aside(shared, content), mm_per_px=0.2)
        for name, content, about in (
            ("a.jpg", panel_jpeg((), seed=1), of_body("KMH-1")),
            ("b.jpg", panel_jpeg((), seed=2), of_body("KMH-2")),
            ("c.jpg", panel_jpeg(((100, 60, 80, 6),), seed=3), of_body("KMH-1", "hood")),
        )
    ]
    key = batches.begin(shared, orders)
    assert batches.find_batch(key).wait(60)
    at = open_page("inspect", batch=key, lang=lang)
    heads = [part.value for part in at.markdown if part.value.startswith("**KMH")]
    assert [head.split("**")[1].replace("\\", "") for head in heads] == ["KMH-1", "KMH-2"]
    cards = [button.key for button in at.button if button.key.startswith("batch_open_")]
    assert cards == ["batch_open_1", "batch_open_3", "batch_open_2"]
