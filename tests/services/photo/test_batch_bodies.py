from inspection.services.photo.bodies import PhotoOfBatch, by_body, photos_of_batch
from tests.ui.inspect_page import logged


def test_a_body_is_as_good_as_its_worst_photo_and_bodies_come_as_they_came():
    photos = [
        PhotoOfBatch(1, "KMH-2", "hood", "ok"),
        PhotoOfBatch(2, "", "roof", "ok"),
        PhotoOfBatch(3, "KMH-1", "hood", "undecided"),
        PhotoOfBatch(4, "KMH-2", "roof", "rework"),
        PhotoOfBatch(5, "KMH-2", "hood", "ok"),
        PhotoOfBatch(6, "KMH-1", "roof", "ok"),
    ]
    bodies = by_body(photos)
    assert [(one.body_number, one.standing) for one in bodies] == [
        ("KMH-2", "rework"),
        ("KMH-1", "undecided"),
        ("", "ok"),
    ]
    assert bodies[0].panels == ("hood", "roof")
    assert [one.id for one in bodies[0].photos] == [1, 5, 4]


def test_a_photo_that_counts_nowhere_makes_no_body_worse():
    voided = PhotoOfBatch(1, "K", "hood", "rework", "voided")
    assert by_body([voided, PhotoOfBatch(2, "K", "hood", "ok")])[0].standing == "ok"
    assert by_body([voided])[0].standing == "rework"


def test_the_photos_of_a_batch_come_in_its_own_order(station):
    number = logged(station)
    (photo,) = photos_of_batch(station.engine, [999, number])
    assert (photo.id, photo.body_number, photo.panel, photo.standing, photo.left_out) == (
        number,
        "KMH-1",
        "door_fl",
        "rework",
        "",
    )
