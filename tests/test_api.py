import base64
import errno
import io
import os
import re
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from inspection.api import create_api
from inspection.errors import StorageError
from inspection.services.worker.parent import InspectionWorker
from inspection.storage import photo_files
from tests.conftest import panel_jpeg


@pytest.fixture
def client(station):
    return TestClient(create_api(lambda: station))


def post(client, content=None, name="panel.jpg", **fields):
    files = {"file": (name, content if content is not None else panel_jpeg(), "image/jpeg")}
    return client.post("/inspections", files=files, data=fields)


@pytest.mark.parametrize("date", ["0001:01:01 00:00:00", "9999:12:31 23:59:59", "2026:13:45"])
def test_a_photo_dated_beyond_any_calendar_is_logged(client, date):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[36867] = date
    dated = io.BytesIO()
    Image.open(io.BytesIO(panel_jpeg())).save(dated, "JPEG", exif=exif, quality=95)
    assert post(client, dated.getvalue()).json()["id"] == 1


def test_a_posted_photo_answers_the_documented_json(client):
    answer = post(client, vehicle_model="aria", panel="door_fl", mm_per_px=0.2)
    assert answer.status_code == 200
    body = answer.json()
    assert body["verdict"] == "rework"
    assert (body["width_px"], body["height_px"], body["mm_per_px"]) == (320, 240, 0.2)
    (defect,) = body["defects"]
    assert defect["type"] == "scratch"
    assert defect["area_px"] == pytest.approx(480, rel=0.15)
    assert defect["area_mm2"] == pytest.approx(defect["area_px"] * 0.04)
    assert set(defect) == {
        *("type", "score", "area_px", "area_mm2", "length_mm", "width_mm"),
        *("bbox_px", "zone", "severity"),
    }
    assert body["reasons"][0]["code"] == "size_over_limit"
    assert "scratch" in body["reasons"][0]["text"]
    assert set(body["model"]) == set(body["spec"]) == {"name", "sha256"}


def test_without_a_scale_millimetres_are_null_and_a_person_decides(client):
    body = post(client).json()
    assert body["mm_per_px"] is None
    assert body["defects"][0]["length_mm"] is None
    assert body["verdict"] == "human"


@pytest.mark.parametrize("mm_per_px", [25, 0.001, "nan", "inf"])
def test_a_scale_that_the_panel_cannot_have_is_refused(client, mm_per_px):
    answer = post(client, vehicle_model="aria", panel="door_fl", mm_per_px=mm_per_px)
    assert answer.status_code == 400
    assert "mm_per_px" in answer.json()["error"] or "mm/px" in answer.json()["error"]
    assert client.get("/inspections").json() == []


def test_the_same_photo_twice_is_a_conflict_that_names_the_first(client):
    first = post(client).json()
    second = post(client)
    assert second.status_code == 409
    assert second.json()["inspection_id"] == first["id"]
    assert "already inspected" in second.json()["error"]
    assert post(client, again="true").json()["id"] != first["id"]


def test_a_retry_with_the_same_request_id_writes_one_record(client):
    first = post(client, request_id="retry-1", again="true").json()
    second = post(client, request_id="retry-1", again="true").json()
    assert first["id"] == second["id"]
    assert len(client.get("/inspections").json()) == 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"vehicle_model": "tesla"}, "known are aria, borea, cielo"),
        ({"vehicle_model": "aria", "panel": "wing"}, "its panels are hood"),
        ({"panel": "wing"}, "known are hood"),
    ],
)
def test_a_car_that_the_plant_does_not_build_is_refused_with_the_known_ones(
    client, fields, sentence
):
    answer = post(client, **fields)
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]
    assert client.get("/inspections").json() == []


def test_a_file_that_is_no_photo_is_refused_by_name(client):
    answer = post(client, b"GIF89a nothing", "animation.gif")
    assert answer.status_code == 422
    assert "animation.gif" in answer.json()["error"]
    assert client.get("/inspections").json() == []


def test_the_log_comes_newest_first_and_goes_on_by_id(client):
    numbers = [post(client, panel_jpeg(seed=seed)).json()["id"] for seed in range(3)]
    page = client.get("/inspections", params={"limit": 2}).json()
    assert [row["id"] for row in page] == numbers[:0:-1]
    rest = client.get("/inspections", params={"before": numbers[1]}).json()
    assert [row["id"] for row in rest] == numbers[:1]


def test_one_inspection_its_photo_and_its_mask_can_be_fetched(client):
    number = post(client, vehicle_model="borea", body_number="KMH-1").json()["id"]
    detail = client.get(f"/inspections/{number}").json()
    assert detail["body_number"] == "KMH-1"
    photo = client.get(f"/inspections/{number}/photo")
    assert photo.headers["content-type"] == "image/jpeg"
    assert cv2.imdecode(np.frombuffer(photo.content, np.uint8), 1).shape == (240, 320, 3)
    mask = cv2.imdecode(
        np.frombuffer(client.get(f"/inspections/{number}/mask").content, np.uint8), 0
    )
    assert mask.shape == (240, 320)
    assert set(np.unique(mask)) == {0, 255}
    stricter = client.get(f"/inspections/{number}/mask", params={"smallest_px": 100_000})
    assert not cv2.imdecode(np.frombuffer(stricter.content, np.uint8), 0).any()
    small = client.get(f"/photos/{detail['photo_sha256']}/thumbnail")
    assert small.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/inspections/999",
        "/inspections/999/photo",
        "/photos/" + "0" * 64 + "/thumbnail",
        "/photos/..%2F..%2Finspection.db/thumbnail",
        "/photos/nonsense/thumbnail",
    ],
)
def test_what_does_not_exist_is_a_404(client, path):
    assert client.get(path).status_code == 404


def test_an_answer_tells_no_path_of_the_server(station, tmp_path):
    without = replace(station, worker=InspectionWorker(tmp_path / "weights" / "none"))
    try:
        client = TestClient(create_api(lambda: without))
        told = [client.get("/health").json()["error"], post(client).json()["error"]]
    finally:
        without.worker.close()
    assert all(said.startswith("none: no model there") for said in told)
    assert str(tmp_path) not in "".join(told)


def test_the_phone_client_gets_its_mask_as_before(client):
    files = {"file": ("panel.jpg", panel_jpeg(), "image/jpeg")}
    answer = client.post("/mask-file", files=files)
    assert answer.status_code == 200
    assert answer.json()["message"] == "성공"
    content = base64.b64decode(answer.json()["content"])
    mask = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert mask.shape == (240, 320)
    assert mask[62, 140] > 200 and mask[200, 20] < 20


def test_the_phone_client_without_a_file_gets_its_404(client):
    assert client.post("/mask-file").status_code == 404
    assert client.post("/mask-file", data={"file": "text"}).status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/inspections/{n}",
        "/inspections/{n}/photo",
        "/inspections/{n}/mask",
        "/inspections?before={n}",
        "/inspections/1/mask?smallest_px={n}",
    ],
)
def test_a_number_beyond_the_databases_reach_is_a_wrong_request(client, address):
    answer = client.get(address.format(n=10**30))
    assert answer.status_code == 400
    assert "less than or equal" in answer.json()["error"]


def test_what_the_server_refuses_by_itself_is_an_error_like_the_others(client):
    assert client.get("/nowhere").json() == {"error": "Not Found"}
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    broken = client.post("/inspections", content=b"no multipart", headers=headers)
    assert broken.status_code == 400
    assert set(broken.json()) == {"error"}


def test_health_names_the_model(client):
    body = client.get("/health").json()
    assert body["status"] == "ok"
    assert body["model"]["name"] == "fake"
    assert body["inspections"] == 0


@pytest.mark.parametrize("fields", [{"mm_per_px": "-1"}, {"mm_per_px": "wide"}])
def test_an_impossible_field_is_named(client, fields):
    answer = post(client, **fields)
    assert answer.status_code == 400
    assert re.search("mm_per_px|-1 mm/px is impossible", answer.json()["error"])


def test_the_charts_own_library_comes_from_this_server(client):
    answer = client.get("/chart-library")
    assert answer.status_code == 200 and b"plotly.js" in answer.content[:2000]
    assert "immutable" in answer.headers["cache-control"]


def test_one_body_posted_in_three_spellings_is_one_and_keeps_what_was_sent(client):
    ways = (" kmh-0001\r", "ＫＭＨ－０００１", "KMH\u20130001")
    numbers = [
        post(client, panel_jpeg(seed=seed), body_number=one).json()["id"]
        for seed, one in enumerate(ways)
    ]
    found = client.get("/inspections", params={"body_number": "kmh-0001 "}).json()
    assert [(row["id"], row["body_number"]) for row in found] == [
        (number, "KMH-0001") for number in reversed(numbers)
    ]
    first = client.get(f"/inspections/{numbers[0]}").json()
    assert (first["body_number"], first["body_typed"]) == ("KMH-0001", " kmh-0001\r")


@pytest.mark.parametrize("field", ["inspector", "body_number", "colour", "station", "line"])
def test_a_text_of_nearly_a_megabyte_is_refused_and_nothing_is_kept(client, field):
    answer = post(client, **{field: "x" * 900_000})
    assert answer.status_code == 400
    assert f"{field} has 900000 letters, at most" in answer.json()["error"]
    assert len(answer.text) < 200
    assert client.get("/inspections").json() == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"line": "L7"}, "line 'L7' is unknown; known are L1, L2; the setting lines names them"),
        ({"station": "ST99"}, "station 'ST99' is unknown; known are ST10, ST20, ST30"),
    ],
)
def test_a_line_or_station_that_the_settings_do_not_name_is_refused(client, fields, sentence):
    answer = post(client, **fields)
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]
    assert post(client, line="L2", station="ST30").status_code == 200


def test_where_the_settings_name_no_line_any_line_will_do(station):
    settings = station.settings.model_copy(update={"lines": (), "stations": ()})
    client = TestClient(create_api(lambda: replace(station, settings=settings)))
    assert post(client, line="L7", station="ST99").status_code == 200


@pytest.mark.parametrize("path", ["/inspections", "/mask-file"])
def test_two_photos_in_one_request_are_refused(client, path):
    files = [("file", (f"{n}.jpg", panel_jpeg(seed=n), "image/jpeg")) for n in (1, 2)]
    answer = client.post(path, files=files)
    assert answer.status_code == 400
    assert answer.json() == {"error": "field 'file' was sent 2 times; send it once"}
    assert client.get("/inspections").json() == []


def test_a_request_sent_again_answers_what_it_wrote_whatever_else_it_says(client):
    first = post(client, request_id="retry-2", body_number="B1", mm_per_px=0.2).json()
    others = {"body_number": "B2", "panel": "wing", "again": "true"}
    for fields in ({}, others, {"mm_per_px": "nan"}, {"mm_per_px": "25"}):
        again = post(client, request_id="retry-2", **fields)
        assert (again.status_code, again.json()) == (200, first)
    (row,) = client.get("/inspections").json()
    assert row["body_number"] == "B1"
    other = post(client, panel_jpeg(seed=9), request_id="retry-2")
    assert other.status_code == 409
    assert "shows another photo" in other.json()["error"]


def test_a_photo_over_the_limit_of_the_settings_is_too_large(station):
    settings = station.settings.model_copy(update={"max_upload_mb": 1})
    client = TestClient(create_api(lambda: replace(station, settings=settings)))
    answer = post(client, panel_jpeg() + bytes(2**20))
    assert answer.status_code == 413
    assert "larger than 1 MB" in answer.json()["error"]


@pytest.mark.parametrize(("number", "status"), [(errno.ENOSPC, 507), (errno.EROFS, 503)])
def test_a_photo_that_finds_no_room_is_the_servers_trouble(client, monkeypatch, number, status):
    def fails(path, content):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(photo_files, "_write_whole", fails)
    answer = post(client)
    assert answer.status_code == status
    assert os.strerror(number) in answer.json()["error"]
    monkeypatch.undo()
    assert post(client).status_code == 200


def test_a_log_without_room_is_the_servers_trouble_until_there_is_some(client, station):
    with station.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        connection.rollback()
    answers = [post(client, panel_jpeg(seed=seed)) for seed in range(12)]
    assert answers[-1].status_code == 507
    assert "is full" in answers[-1].json()["error"]
    kept = sum(answer.status_code == 200 for answer in answers)
    assert len(client.get("/inspections").json()) == kept


def test_an_error_nobody_foresaw_is_a_sentence(client, monkeypatch):
    def fails(*_, **__):
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr("inspection.services.photo.inspecting.judge_seen", fails)
    answer = post(client)
    assert answer.status_code == 500
    assert answer.json() == {
        "error": "the request failed, the server's log says why; try again",
    }
    monkeypatch.undo()
    assert post(client).status_code == 200


def test_head_answers_like_get_without_the_body(client):
    number = post(client).json()["id"]
    for path in (
        "/health",
        "/inspections",
        f"/inspections/{number}",
        f"/inspections/{number}/photo",
        f"/inspections/{number}/mask",
        "/inspections/999",
    ):
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (get.status_code, b"")
        assert head.headers["content-length"] == get.headers["content-length"]
        assert head.headers["content-type"] == get.headers["content-type"]
    assert client.head("/mask-file").status_code == 405


def test_health_tells_a_full_disk(client, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=2**20))
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "trouble")
    assert "is full (1 MB free)" in answer.json()["error"]


def test_health_tells_a_data_folder_that_takes_nothing_more(client, monkeypatch):
    def fails(**_):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr("tempfile.TemporaryFile", fails)
    answer = client.get("/health")
    assert answer.status_code == 503
    assert "cannot be written (Disk quota exceeded)" in answer.json()["error"]


def test_health_tells_a_malformed_database(station):
    client = TestClient(create_api(lambda: station))
    for seed in range(3):
        post(client, panel_jpeg(seed=seed))
    with station.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    station.engine.dispose()
    file = station.settings.data_dir / "inspection.db"
    content = bytearray(file.read_bytes())
    content[3 * 4096 :] = b"\x5a" * (len(content) - 3 * 4096)
    file.write_bytes(content)
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "trouble")
    assert "damaged" in answer.json()["error"]


def test_health_answers_where_the_station_cannot_be_opened():
    def broken():
        raise StorageError("the database x.db is damaged; put the last backup in its place")

    answer = TestClient(create_api(broken)).get("/health")
    assert answer.status_code == 503
    assert answer.json()["status"] == "trouble"


DOOR = {"vehicle_model": "aria", "panel": "door_fl", "body_number": "KMH-1", "mm_per_px": 0.2}


def saved_again(content):
    bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 75])[1].tobytes()


def test_a_shot_saved_again_is_a_conflict_that_names_the_first_unless_again(client):
    first = post(client, **DOOR).json()["id"]
    copy = saved_again(panel_jpeg())
    asked = post(client, copy, **DOOR)
    assert asked.status_code == 409
    assert asked.json()["possible_duplicate_of"] == first
    second = post(client, copy, again="true", **DOOR)
    assert second.status_code == 200
    told = client.get(f"/inspections/{second.json()['id']}").json()
    assert told["left_out"] == "same_shot"
    answered = client.post(
        f"/inspections/{told['id']}/same-photo", data={"same": "false", "inspector": "Lee"}
    )
    assert answered.json()["left_out"] == ""


@pytest.mark.parametrize("way", ["json", "data"])
def test_an_inspection_is_voided_restored_and_its_scale_corrected(client, way):
    number = post(client, **DOOR).json()["id"]
    said = {"reason": "wrong body", "inspector": "Lee"}
    voided = client.post(f"/inspections/{number}/void", **{way: said})
    assert (voided.status_code, voided.json()["left_out"]) == (200, "voided")
    assert client.post(f"/inspections/{number}/void", **{way: said}).status_code == 409
    restored = client.post(f"/inspections/{number}/restore", **{way: {"inspector": "Lee"}})
    assert restored.json()["left_out"] == ""
    right = client.post(f"/inspections/{number}/scale", **{way: {**said, "mm_per_px": 0.25}})
    assert (right.status_code, right.json()["mm_per_px"]) == (200, 0.25)
    assert client.get(f"/inspections/{number}").json()["superseded_by"] == right.json()["id"]


@pytest.mark.parametrize(
    ("address", "said", "status"),
    [
        ("1/void", {"inspector": "Lee"}, 400),
        ("1/void", {"reason": "wrong body"}, 400),
        ("1/scale", {"reason": "typo", "inspector": "Lee"}, 400),
        ("1/scale", {"reason": "typo", "inspector": "Lee", "mm_per_px": 25}, 400),
        ("1/scale", {"reason": "typo", "inspector": "Lee", "mm_per_px": "wide"}, 400),
        ("1/same-photo", {"same": True, "inspector": "Lee"}, 400),
        ("9/void", {"reason": "wrong body", "inspector": "Lee"}, 404),
    ],
)
def test_what_is_said_without_what_it_needs_changes_nothing(client, address, said, status):
    post(client, **DOOR)
    answer = client.post(f"/inspections/{address}", json=said)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert client.get("/inspections/1").json()["counting"] == []


def test_json_nested_without_end_is_no_json(client):
    answer = client.post(
        "/inspections/1/void",
        content=b"[" * 30_000,
        headers={"content-type": "application/json"},
    )
    assert (answer.status_code, answer.json()) == (400, {"error": "field 'body': is no JSON"})
