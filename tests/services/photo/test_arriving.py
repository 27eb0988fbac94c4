"""What a photo says of itself before anybody has said anything of it."""

import time
from dataclasses import replace

import pytest

from inspection.config import Settings
from inspection.domain.inspections import Subject
from inspection.errors import NotFound, SettingsError, UnreadableImage, WorkerFailed
from inspection.imaging.barcodes.labels import Label
from inspection.services.photo import batches, sidecars, waiting_room
from inspection.services.photo.arriving import facts, photos
from inspection.services.photo.arriving.names import said_by_name
from inspection.services.photo.inspecting import inspect_photo
from inspection.services.photo.sidecars import PhotoFacts
from inspection.storage import log_detail
from tests.conftest import panel_jpeg
from tests.labelled_photos import as_jpeg, labelled_photo

COLOURS = ("white", "blue")


def by_name(station, pattern, name):
    settings = station.settings.model_copy(update={"photo_name_pattern": pattern})
    return said_by_name(name, settings, station.bodies, COLOURS)


@pytest.mark.parametrize(
    ("pattern", "name", "said"),
    [
        (
            "{line}_{body}_{panel}",
            "L1_KMH-0001_door_fl",
            {"line": "L1", "body_number": "KMH-0001", "panel": "door_fl"},
        ),
        # Small letters, and the third photo of the panel.
        (
            "{line}_{body}_{panel}",
            "l2_KMH_7_HOOD_03",
            {"line": "L2", "body_number": "KMH_7", "panel": "hood"},
        ),
        (
            "{any}-{model}-{colour}",
            "x-y-aria-BLUE (2)",
            {"vehicle_model": "aria", "colour": "blue"},
        ),
        ("{station} {body}", "ST20 KMH 1", {"station": "ST20", "body_number": "KMH 1"}),
        ("{line}_{body}", "L1_KMH-0001 (2)", {"line": "L1", "body_number": "KMH-0001"}),
        # Codes that the plant does not have, and names of another kind.
        ("{line}_{body}_{panel}", "L9_KMH-0001_door_fl", {}),
        ("{line}_{body}_{panel}", "IMG_20260302_101500", {}),
        ("", "L1_KMH-0001_door_fl", {}),
    ],
)
def test_a_file_name_says_what_the_plants_pattern_says_it_does(station, pattern, name, said):
    assert by_name(station, pattern, name) == said


@pytest.mark.parametrize(
    "pattern", ["photo", "{car}_{body}", "{body}_{body}", "{line}{body}", "{body", "a/{body}"]
)
def test_a_pattern_that_says_nothing_clear_is_refused(pattern):
    with pytest.raises(ValueError, match="at most once"):
        Settings(photo_name_pattern=pattern)


def test_no_name_holds_the_server_up(station):
    with pytest.raises(ValueError, match=r"\{any\} at most twice"):
        Settings(photo_name_pattern="{any}_{any}_{any}_{body}")
    began = time.monotonic()
    for length in (118, 4000):
        assert by_name(station, "{any}_{body}_{any}_{panel}", "_a" * (length // 2)) == {}
    assert time.monotonic() - began < 5
    assert by_name(station, "{body}_{panel}", f"{'K' * 115}_hood")
    assert by_name(station, "{body}_{panel}", f"{'K' * 116}_hood") == {}


def looked(station, content, name="p.jpg", **more):
    photo = station.worker.look(content, name, reads=True)
    return facts.said_by_photo(station, replace(photo, **more), name)


def test_a_label_in_the_photo_says_its_body_and_the_picture_suggests_its_colour(station):
    said = looked(station, as_jpeg(labelled_photo(("code_128", "kmh 0042"))))
    assert (said.known, said.by) == ({"body_number": "KMH0042"}, {"body_number": "label"})
    assert said.colours == ("blue",) and said.body_numbers == ()


def test_silver_and_white_are_not_told_apart_and_other_paint_suggests_nothing(station):
    content = panel_jpeg(())
    assert looked(station, content, median_rgb=(190.0, 190.0, 195.0)).colours == ("white", "silver")
    assert looked(station, content, median_rgb=(60.0, 160.0, 60.0)).colours == ()


def test_of_several_labels_nobody_guesses_unless_one_is_a_vehicle_number():
    codes = [Label("qr", "https://line3.plant"), Label("code_128", "KMH-1"), Label("qr", "KMH-2")]
    assert facts.body_numbers_of(codes) == ("KMH-1", "KMH-2")
    vin = Label("data_matrix", "KMHL14JA5PA123456")
    assert facts.body_numbers_of([*codes, vin]) == ("KMHL14JA5PA123456",)


def test_what_a_telephone_opens_and_a_long_text_are_no_body_number():
    for text in (
        "BEGIN:VCARD\nFN:Kim",
        "WIFI:S:line3;P:gehe1m;;",
        "mailto:kim@line3.plant",
        "tel:0212345678",
        "www.line3.plant",
        "x" * 500,
        "\ufdfa" * 30,
    ):
        assert facts.body_numbers_of([Label("qr", text)]) == (), text
    # A hand scanner leaves the separators of GS1 out.
    assert facts.body_numbers_of([Label("data_matrix", "ABC\x1d12345")]) == ("ABC12345",)
    assert facts.body_numbers_of([Label("code_128", "TELLURIDE-01")]) == ("TELLURIDE-01",)


def test_no_record_has_a_panel_that_its_car_does_not_have(station):
    about, said = Subject("aria", inspector="Kim"), facts.Said(known={"panel": "tailgate"})
    assert facts.completed(station, about, said, typed=("vehicle_model",)) == about
    about, said = Subject(panel="tailgate"), facts.Said(known={"vehicle_model": "aria"})
    assert facts.completed(station, about, said, typed=("panel",)) == about
    # Remembered of the photo before, as the form empties a panel that the model does not have.
    told = facts.completed(station, about, said, typed=())
    assert (told.vehicle_model, told.panel) == ("aria", "")


def test_the_sidecar_says_more_than_the_name_and_the_name_more_than_exif_and_label(station):
    settings = station.settings.model_copy(update={"photo_name_pattern": "{line}_{body}_{panel}"})
    plant = replace(station, settings=settings)
    photo = station.worker.look(panel_jpeg(()), "p.jpg", reads=True)
    photo = replace(
        photo, description="L2_KMH-3_roof", labels=(Label("code_128", "KMH-4"),), median_rgb=None
    )
    sidecar = PhotoFacts(panel="hood", colour="pink")
    said = facts.said_by_photo(plant, photo, "L1_KMH-2_door_fl.jpg", sidecar)
    assert said.known == {"panel": "hood", "line": "L1", "body_number": "KMH-2"}
    assert said.by == {"panel": "sidecar", "line": "name", "body_number": "name"}
    said = facts.said_by_photo(plant, photo, "IMG_1.jpg")
    assert said.known == {"line": "L2", "body_number": "KMH-3", "panel": "roof"}
    assert set(said.by.values()) == {"exif"}


def test_what_the_log_knows_of_the_body_is_known_and_what_a_person_typed_stands(station):
    about = Subject("aria", "KMH-0042", "door_fl", "red", "ST10", "L1", "Kim")
    inspect_photo(station, panel_jpeg(), "first.jpg", about, mm_per_px=0.2)
    content = as_jpeg(labelled_photo(("data_matrix", "KMH-0042")))
    said = looked(station, content)
    assert said.known == {"body_number": "KMH-0042", "vehicle_model": "aria", "colour": "red"}
    remembered = Subject("borea", "KMH-1", "roof", "white", inspector="Kim")
    told = facts.completed(station, remembered, said, typed=("vehicle_model",))
    assert (told.vehicle_model, told.body_number, told.panel) == ("borea", "KMH-0042", "roof")
    assert told.colour == "red"


def test_a_photo_of_a_batch_takes_its_body_from_its_label(station):
    content = as_jpeg(labelled_photo(("qr", "KMH-77")))
    order = batches.order_for(
        station, "p.jpg", Subject(inspector="Kim"), batches.set_aside(station, content), typed=()
    )
    typed = batches.order_for(
        station,
        "q.jpg",
        Subject(body_number="KMH-1", inspector="Kim"),
        batches.set_aside(station, as_jpeg(labelled_photo(("qr", "KMH-78")))),
        typed=("body_number",),
    )
    batch = batches.find_batch(batches.begin(station, [order, typed]))
    assert batch.wait(60)
    numbers = [one.number for one in batch.outcomes]
    bodies = [log_detail.inspection_detail(station.engine, n).subject.body_number for n in numbers]
    assert bodies == ["KMH-77", "KMH-1"]
    written = batches._written(order)
    assert batches._ordered(station, written, "Lee").typed == ()
    del written["typed"]
    assert batches._ordered(station, written, "Lee").typed is None


def test_a_waiting_photo_is_found_by_its_key_until_it_is_inspected(station):
    key = photos.receive(
        station,
        panel_jpeg(),
        "p.jpg",
        source="camera",
        walks=True,
        sidecar=PhotoFacts(panel="hood"),
    )
    arrived = photos.find(station, key)
    assert (arrived.name, arrived.walks, arrived.sidecar.panel) == ("p.jpg", True, "hood")
    seen = photos.look_at(station, arrived)
    assert (seen.width_px, seen.height_px) == (320, 240) and seen.preview.exists()
    assert seen.said.known == {"panel": "hood"}
    order = photos.order_of(station, arrived, Subject(inspector="Kim"), None, seen.said)
    batch = batches.find_batch(batches.begin(station, [order]))
    assert batch.wait(60) and batch.outcomes[0].kind == "inspected"
    assert photos.find(station, key) is None
    assert not waiting_room.folder_of(station).exists() or not any(
        path.is_file() for path in waiting_room.folder_of(station).rglob("*")
    )


def test_a_photo_that_is_begun_twice_is_still_there_to_be_tried_again(station, monkeypatch):
    key = photos.receive(station, panel_jpeg(), "p.jpg", source="camera")

    def begun():
        arrived = photos.find(station, key)
        order = photos.order_of(station, arrived, Subject(inspector="Kim"), None, facts.Said())
        return batches.begin(station, [order])

    def dies(*_, **__):
        raise WorkerFailed("worker_died", name="p.jpg", how="killed", phase="decoding")

    with monkeypatch.context() as patched:
        patched.setattr(batches.inspecting, "inspect_photo", dies)
        first = begun()
        assert batches.find_batch(first).wait(60)
        # A reload of the page whose address names the photo, and another tab that lets it go.
        assert begun() == first
        photos.throw_away(station, key)
    again = batches.find_batch(batches.retry(station, first))
    assert again.wait(60) and again.outcomes[0].kind == "inspected"


def test_a_photo_that_is_none_says_so_and_can_be_thrown_away(station):
    key = photos.receive(station, b"no photo", "torn.jpg", source="camera")
    arrived = photos.find(station, key)
    with pytest.raises(UnreadableImage, match=r"torn\.jpg"):
        photos.look_at(station, arrived)
    photos.throw_away(station, key)
    assert photos.find(station, key) is None
    with pytest.raises(NotFound):
        photos.look_at(station, arrived)


@pytest.mark.parametrize("key", ["", "..", "../lock", "lock", "0" * 31, "0" * 32, "A" * 32])
def test_no_other_file_is_found_by_a_key_that_somebody_made_up(station, key):
    photos.receive(station, panel_jpeg(), "p.jpg", source="camera")
    assert photos.find(station, key) is None


def test_a_photo_too_coarse_for_the_spec_is_known_before_it_is_inspected(station):
    about = Subject(vehicle_model="aria", panel="door_fl")
    key = photos.receive(station, panel_jpeg(), "p.jpg", source="camera")
    seen = photos.look_at(station, photos.find(station, key))
    smallest_mm, limit_mm = photos.too_coarse(station, seen, about, None)
    panel = station.bodies.panel("aria", "door_fl")
    assert smallest_mm == pytest.approx(3 * max(panel.width_mm, panel.height_mm) / 320)
    assert smallest_mm > limit_mm
    fine = replace(seen, width_px=400 * 320, height_px=400 * 240)
    assert photos.too_coarse(station, fine, about, None) is None
    assert photos.too_coarse(station, seen, Subject(), None) is None


def test_a_sidecar_is_dropped_with_its_photo():
    one = sidecars.dropped_facts(b'{"panel": "hood", "line": "L1"}', "folder/a.json")
    assert sidecars.facts_of_photo(one, "folder/a.jpg") == PhotoFacts(panel="hood", line="L1")
    assert sidecars.facts_of_photo(one, "folder/b.jpg") is None
    # The photo of that name in another folder is another one.
    assert sidecars.facts_of_photo(one, "other/a.jpg") is None
    nameless = sidecars.dropped_facts(b'{"file": null, "panel": "roof"}', "other\\a.json")
    assert sidecars.facts_of_photo({**one, **nameless}, "other/a.jpg").panel == "roof"
    assert sidecars.facts_of_photo({**one, **nameless}, "folder/a.jpg").panel == "hood"
    many = sidecars.dropped_facts(b'[{"file": "b.jpg", "body_number": "KMH-1"}]', "samples.json")
    assert sidecars.facts_of_photo(many, "b.jpg").body_number == "KMH-1"
    for torn in (b"{", b"7", b'[{"panel": "hood"}]', b'{"mm_per_px": "x"}', b"\xff"):
        with pytest.raises(SettingsError, match=r"a\.json: the JSON beside the photo"):
            sidecars.dropped_facts(torn, "a.json")
