import pytest

from inspection.errors import without_paths


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("/srv/qa/data/inspection.db: damaged", "inspection.db: damaged"),
        ("the folder '/srv/검사 data' is full", "the folder '검사 data' is full"),
        ("put C:\\plant\\qa\\card.json back", "put card.json back"),
        ("\\\\server\\share\\photos cannot be read", "photos cannot be read"),
        ("/data is full", "data is full"),
        # Ratios, addresses and places below a known folder are no paths of this machine.
        ("0.2 mm/px, 3 of 4 L/min", "0.2 mm/px, 3 of 4 L/min"),
        ("see https://qa.plant.example/log?id=3", "see https://qa.plant.example/log?id=3"),
        ("write sqlite:///path/to/file.db", "write sqlite:///path/to/file.db"),
        ("photos/ab/door.jpg is gone", "photos/ab/door.jpg is gone"),
        ("ok / not ok", "ok / not ok"),
    ],
)
def test_a_sentence_for_people_elsewhere_tells_no_path_of_this_machine(sentence, told):
    assert without_paths(sentence) == told
