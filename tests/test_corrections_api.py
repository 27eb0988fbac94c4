"""Corrections over HTTP: what a person drew is kept, measured and judged beside the machine's."""

import io
import json
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from inspection.api import create_api
from inspection.services.photo import counting, reviewing
from inspection.storage import audit, log_detail
from tests.conftest import panel_jpeg
from tests.models.published_labels import turned_by_exif

SCRATCH = (100, 60, 80, 6)


@pytest.fixture
def client(station):
    return TestClient(create_api(lambda: station))


def inspected(client, content=None, **fields):
    """The JSON of one logged photo, of a known panel at 0.2 mm per px."""
    files = {"file": ("panel.jpg", panel_jpeg() if content is None else content, "image/jpeg")}
    fields = {"vehicle_model": "aria", "panel": "door_fl", "mm_per_px": 0.2, **fields}
    return client.post("/inspections", files=files, data=fields).json()


def drawn(*boxes, shape=(240, 320), dtype=np.uint8):
    """A mask with boxes (n, x, y, width, height)."""
    mask = np.zeros(shape, dtype)
    for n, x, y, w, h in boxes:
        mask[y : y + h, x : x + w] = n
    return mask


def png(mask):
    return cv2.imencode(".png", mask)[1].tobytes()


def said(*regions, who="Kim", reason="seen by eye", based_on=None):
    """regions: (n, type)."""
    return {
        "who": who,
        "reason": reason,
        "based_on": based_on,
        "regions": [{"n": n, "type": code} for n, code in regions],
    }


def correct(client, number, mask, correction):
    content = mask if isinstance(mask, bytes) else png(mask)
    text = correction if isinstance(correction, str) else json.dumps(correction)
    return client.post(
        f"/inspections/{number}/corrections",
        files={"mask": ("mask.png", content, "image/png")},
        data={"correction": text},
    )


def mask_of(client, number, correction):
    answer = client.get(f"/inspections/{number}/corrections/{correction}/mask")
    assert answer.headers["content-type"] == "image/png"
    return cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)


# --- what is answered and kept ---


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_corrections_answer_is_a_record_as_an_inspection_has_it(client, dtype):
    machine = inspected(client)
    n = 40_000 if dtype == np.uint16 else 200
    mask = drawn((1, *SCRATCH), (n, 20, 20, 10, 10), dtype=dtype)
    answer = correct(client, machine["id"], mask, said((1, "hair_scratch"), (n, "dent")))
    assert answer.status_code == 201
    body = answer.json()
    assert set(machine) <= set(body) and body["id"] != machine["id"]
    assert [set(one) for one in body["defects"]] == [set(machine["defects"][0])] * 2
    assert body["regions"] == [{"n": 1, "type": "hair_scratch"}, {"n": n, "type": "dent"}]
    assert [one["type"] for one in body["defects"]] == ["hair_scratch", "dent"]
    assert body["defects"][1]["bbox_px"] == [20, 20, 10, 10]
    assert body["defects"][1]["area_mm2"] == pytest.approx(100 * 0.04)
    about = {"inspection_id": machine["id"], "who": "Kim", "reason": "seen by eye"}
    assert {name: body[name] for name in about} == about and body["based_on"] is None
    kept = mask_of(client, machine["id"], body["id"])
    assert kept.dtype == dtype and np.array_equal(kept, mask)


def test_a_region_that_stays_is_measured_as_the_machine_measured_it(client, station):
    machine = inspected(client)
    mask = cv2.imdecode(
        np.frombuffer(client.get(f"/inspections/{machine['id']}/mask").content, np.uint8), 0
    )
    body = correct(client, machine["id"], mask, said((255, "scratch"))).json()
    (ours,), (theirs,) = body["defects"], machine["defects"]
    assert {**ours, "score": 0} == {**theirs, "score": 0}
    assert (body["verdict"], body["reasons"]) == (machine["verdict"], machine["reasons"])


def test_corrections_are_listed_oldest_first_and_the_machines_record_stays(client, station):
    machine = inspected(client)
    number = machine["id"]
    assert client.get(f"/inspections/{number}/corrections").json() == []
    first = correct(client, number, drawn(), said()).json()
    second = correct(
        client, number, drawn((3, 5, 5, 20, 20)), said((3, "dent"), based_on=first["id"])
    ).json()
    listed = client.get(f"/inspections/{number}/corrections").json()
    assert listed == [first, second] and second["based_on"] == first["id"]
    detail = client.get(f"/inspections/{number}").json()
    assert (detail["verdict"], detail["defects"]) == (machine["verdict"], machine["defects"])
    assert detail["correction"] == second
    assert audit.verify_chain(station.engine).is_whole
    assert [event.kind for event in log_detail.inspection_detail(station.engine, number).events][
        1:
    ] == ["correction"] * 2


def test_the_regions_that_stand_are_numbered_in_the_order_of_the_defects(client):
    machine = inspected(client)
    number, (box,) = machine["id"], [defect["bbox_px"] for defect in machine["defects"]]
    numbers = numbers_of(client, number)
    x, y, w, h = box
    assert numbers.max() == 1 and numbers[y : y + h, x : x + w].sum() == numbers.sum() > 0
    mask = drawn((200, 20, 20, 10, 10), (7, *SCRATCH))
    body = correct(client, number, mask, said((200, "dent"), (7, "pseudo_defect"))).json()
    numbers = numbers_of(client, number, correction=body["id"])
    for place, defect in enumerate(body["defects"], 1):
        x, y, w, h = defect["bbox_px"]
        assert set(numbers[y : y + h, x : x + w].flat) == {place}
    assert client.get(f"/inspections/{number}/regions?correction=999").status_code == 404
    assert client.get("/inspections/999/regions").status_code == 404


def numbers_of(client, number, **asked):
    answer = client.get(f"/inspections/{number}/regions", params=asked)
    return cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)


def test_a_photo_turned_by_exif_takes_a_mask_of_its_upright_size(client):
    turned = turned_by_exif(panel_jpeg(), 6)
    machine = inspected(client, turned)
    assert (machine["width_px"], machine["height_px"]) == (240, 320)
    x, y, w, h = machine["defects"][0]["bbox_px"]
    mask = drawn((1, x, y, w, h), shape=(320, 240))
    body = correct(client, machine["id"], mask, said((1, "scratch"))).json()
    assert body["defects"][0]["bbox_px"] == [x, y, w, h]
    assert np.array_equal(mask_of(client, machine["id"], body["id"]), mask)
    stored = drawn(shape=(240, 320))
    refused = correct(client, machine["id"], stored, said(based_on=body["id"]))
    assert refused.status_code == 422 and "240×320 px" in refused.json()["error"]


def test_a_palette_masks_entries_are_its_numbers(client):
    number = inspected(client)["id"]
    mask = drawn((7, 30, 30, 20, 20))
    picture = Image.fromarray(mask)
    picture.putpalette([value % 256 for value in range(768)])
    packed = io.BytesIO()
    picture.save(packed, "PNG")
    body = correct(client, number, packed.getvalue(), said((7, "dent"))).json()
    assert body["defects"][0]["bbox_px"] == [30, 30, 20, 20]


def test_what_a_mask_says_beside_its_pixels_is_not_kept(client):
    number = inspected(client)["id"]
    exif = Image.Exif()
    exif[0x112], exif[0x10E] = 6, "a secret"
    packed = io.BytesIO()
    mask = drawn((1, 30, 30, 20, 20))
    Image.fromarray(mask).save(packed, "PNG", exif=exif)
    body = correct(client, number, packed.getvalue(), said((1, "dent"))).json()
    kept = client.get(f"/inspections/{number}/corrections/{body['id']}/mask").content
    assert b"a secret" not in kept and np.array_equal(mask_of(client, number, body["id"]), mask)


# --- judged at once, by the spec ---


def test_deleting_the_false_region_makes_the_photo_ok(client):
    machine = inspected(client)
    assert machine["verdict"] == "rework"
    body = correct(client, machine["id"], drawn(), said()).json()
    assert body["verdict"] == "ok" and body["defects"] == []
    assert [reason["code"] for reason in body["reasons"]] == ["no_defect"]
    assert body["spec"] == machine["spec"] and body["mm_per_px"] == machine["mm_per_px"]


def test_adding_a_missed_scratch_sends_the_body_to_rework(client):
    machine = inspected(client, panel_jpeg(()))
    assert machine["verdict"] == "ok"
    mask = drawn((1, *SCRATCH))
    body = correct(client, machine["id"], mask, said((1, "scratch"))).json()
    assert body["verdict"] == "rework"
    assert "size_over_limit" in {reason["code"] for reason in body["reasons"]}


@pytest.mark.parametrize("code", ["pseudo_defect", "ignored"])
def test_a_region_that_is_no_defect_is_kept_and_not_judged(client, code):
    number = inspected(client)["id"]
    mask = drawn((1, *SCRATCH))
    body = correct(client, number, mask, said((1, code))).json()
    assert body["verdict"] == "ok"
    (defect,) = body["defects"]
    assert (defect["type"], defect["severity"]) == (code, None) and defect["length_mm"] > 10
    shown = client.get(f"/inspections/{number}/mask", params={"correction": body["id"]})
    assert not cv2.imdecode(np.frombuffer(shown.content, np.uint8), 0).any()


def test_after_the_false_region_is_gone_ok_needs_no_reason(client, station):
    number = inspected(client)["id"]
    detail = log_detail.inspection_detail(station.engine, number)
    assert reviewing.needs_reason(detail.shown, "accept")
    correct(client, number, drawn(), said())
    detail = log_detail.inspection_detail(station.engine, number)
    assert reviewing.proposal(detail.shown) == "accept"
    reviewing.decide(station, detail, "accept", "", "Kim")


def test_the_drawn_regions_are_measured_anew_with_a_corrected_scale(client, station):
    number = inspected(client)["id"]
    correct(client, number, drawn((9, 20, 20, 40, 40)), said((9, "dent")))
    detail = log_detail.inspection_detail(station.engine, number)
    later = counting.correct_scale(station, detail, 0.4, "wrong station", "Lee")
    stands = log_detail.inspection_detail(station.engine, later).correction.said
    assert (stands.who, stands.reason, stands.based_on) == ("Lee", "wrong station", None)
    (defect,) = stands.judgement.defects
    assert defect.type == "dent" and defect.area_mm2 == pytest.approx(1600 * 0.16)


# --- what is refused ---


@pytest.mark.parametrize(
    ("regions", "boxes", "sentence"),
    [
        ([(1, "rust_devil")], [(1, *SCRATCH)], "no type 'rust_devil'"),
        ([], [(1, *SCRATCH)], "region 1, of which nothing is said"),
        ([(1, "dent")], [(1, *SCRATCH), (2, 5, 5, 9, 9)], "region 2, of which nothing is said"),
        ([(1, "dent"), (2, "dent")], [(1, *SCRATCH)], "region 2 has no pixel"),
        ([(1, "dent"), (1, "chip")], [(1, *SCRATCH)], "region 1 is named twice"),
        ([(0, "dent")], [], "greater than or equal to 1"),
        ([(70_000, "dent")], [], "less than or equal to 65535"),
        ([("1", "dent")], [(1, *SCRATCH)], "valid integer"),
    ],
)
def test_a_mask_and_a_list_that_contradict_are_a_422(client, regions, boxes, sentence):
    number = inspected(client)["id"]
    answer = correct(client, number, drawn(*boxes), said(*regions))
    assert answer.status_code == 422 and sentence in answer.json()["error"]
    assert client.get(f"/inspections/{number}/corrections").json() == []


@pytest.mark.parametrize("shape", [(239, 320), (240, 321), (320, 240), (480, 640)])
def test_a_mask_of_another_size_is_a_422(client, shape):
    number = inspected(client)["id"]
    answer = correct(client, number, drawn(shape=shape), said())
    assert answer.status_code == 422
    assert "the upright photo 320×240 px" in answer.json()["error"]


def test_a_file_that_is_no_mask_is_a_422(client):
    number = inspected(client)["id"]
    whole = png(drawn((1, *SCRATCH)))
    colours = cv2.imencode(".png", np.zeros((240, 320, 3), np.uint8))[1].tobytes()
    jpeg = cv2.imencode(".jpg", drawn())[1].tobytes()
    damaged = whole[:60] + bytes([whole[60] ^ 1]) + whole[61:]
    for content in (b"", b"no picture", jpeg, colours, whole[:-20], damaged):
        answer = correct(client, number, content, said((1, "dent")))
        assert answer.status_code == 422, answer.json()
        assert answer.json()["error"].startswith("mask.png: ")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("no json", "field 'correction'"),
        ("[" * 9999, "field 'correction'"),
        ('{"reason": "", "regions": []}', "correction.who"),
        ('{"who": "Kim", "regions": 3}', "correction.regions"),
        ('{"who": " ", "reason": "", "regions": []}', "needs a name"),
        (json.dumps(said(who="K" * 81)), "81 letters"),
        (json.dumps(said(reason="r" * 301)), "301 letters"),
    ],
)
def test_a_correction_that_nobody_can_read_is_a_422(client, text, sentence):
    number = inspected(client)["id"]
    answer = correct(client, number, drawn(), text)
    assert answer.status_code == 422 and sentence in answer.json()["error"]


def test_a_form_without_its_parts_is_a_wrong_request(client):
    number = inspected(client)["id"]
    path = f"/inspections/{number}/corrections"
    answer = client.post(path, data={"correction": "{}"})
    assert answer.status_code == 400
    assert answer.json()["error"] == "field 'mask' is missing; send it"
    answer = client.post(path, files={"mask": ("mask.png", png(drawn()), "image/png")})
    assert answer.status_code == 400 and "'correction' is missing" in answer.json()["error"]


def test_an_unknown_inspection_or_correction_is_a_404(client):
    number = inspected(client)["id"]
    assert correct(client, 999, drawn(), said()).status_code == 404
    for path in ("999/corrections", "999/corrections/1/mask", f"{number}/corrections/9/mask"):
        assert client.get(f"/inspections/{path}").status_code == 404


def test_a_correction_of_what_does_not_stand_any_more_is_a_409(client):
    number = inspected(client)["id"]
    first = correct(client, number, drawn(), said()).json()
    for based_on in (None, number, first["id"] + 1):
        answer = correct(client, number, drawn(), said(who="Lee", based_on=based_on))
        assert answer.status_code == 409 and "corrected by Kim" in answer.json()["error"]
    other = inspected(client, panel_jpeg(seed=1))["id"]
    assert correct(client, other, drawn(), said(based_on=first["id"] + 50)).status_code == 409
    assert correct(client, other, drawn(), said(based_on=other)).status_code == 201


def test_other_thresholds_do_not_replace_what_a_person_drew(client, station):
    number = inspected(client)["id"]
    correct(client, number, drawn(), said())
    detail = log_detail.inspection_detail(station.engine, number)
    again = reviewing.judged_again(station, detail)
    with pytest.raises(Exception, match="were corrected by Kim"):
        reviewing.keep(station, detail, again, "Lee")


def test_of_two_corrections_at_the_same_moment_one_is_kept(client, station):
    number = inspected(client)["id"]

    def send(n):
        box = (1, 10 * n, 10, 30, 30)
        return correct(client, number, drawn(box), said((1, "dent"), who=f"Kim {n}")).status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(send, (1, 2))) == [201, 409]
    assert len(client.get(f"/inspections/{number}/corrections").json()) == 1
    assert audit.verify_chain(station.engine).is_whole


def test_the_text_may_come_as_a_part_of_its_own(client):
    number = inspected(client)["id"]
    files = {
        "mask": ("blob", png(drawn()), "image/png"),
        "correction": ("blob", json.dumps(said()).encode(), "application/json"),
    }
    assert client.post(f"/inspections/{number}/corrections", files=files).status_code == 201
