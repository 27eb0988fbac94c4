"""Which inspections a filter lets through, and the address that writes it down."""

from datetime import date

import pytest

from inspection.domain.counting_words import VOIDED
from inspection.errors import FilterRefused, NotFound
from inspection.storage import log_list, log_pieces, recording
from inspection.storage.log_filter import PARAMETERS, LogFilter, parameters_of, read_filter
from tests.storage.sample_inspections import DAY_SHIFT, a_defect, an_inspection

FULL = {
    "from": "2026-11-01",
    "to": "2026-11-30",
    "shift": "day",
    "model": "aria",
    "panel": "hood",
    "standing": "rework",
    "type": "scratch",
    "body": "B00",
    "zone": "A",
    "colour": "black",
    "proposal": "rework",
    "disposition": "polish",
    "line": "L1",
    "station": "ST10",
    "inspector": "김민수",
    "score_from": "0.25",
    "score_to": "0.9",
    "length_from": "2",
    "length_to": "12.5",
    "left_out": VOIDED,
}


def chosen_ids(engine, **where) -> list[int]:
    return log_list.log_page(engine, LogFilter(**where))["id"].tolist()


@pytest.fixture
def three_bodies(engine):
    """1: a black body with a scratch of 4 mm in zone A, score 0.4; 2: a white one without a
    defect, score 0.2; 3: a red one at another station with a dent of 4 mm in zone A, score 0.9."""
    recording.record_many(
        engine,
        [
            (an_inspection("one", body="KMH-0041", defects=(a_defect(),)), DAY_SHIFT),
            (an_inspection("two", body="KMH-0042", colour="white", score=0.2), DAY_SHIFT),
            (
                an_inspection(
                    "three",
                    body="kna_0043%",
                    colour="red",
                    station="ST20",
                    defects=(a_defect("dent"),),
                    score=0.9,
                ),
                DAY_SHIFT,
            ),
        ],
    )
    return engine


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"colour": "white"}, [2]),
        ({"station": "ST20"}, [3]),
        ({"zone": "A"}, [3, 1]),
        ({"zone": "B"}, []),
        ({"zone": "A", "type": "dent"}, [3]),
        ({"zone": "B", "type": "dent"}, []),
        ({"body_search": "004"}, [3, 2, 1]),
        ({"body_search": "kmh-004"}, [2, 1]),
        ({"body_search": "%"}, [3]),
        ({"body_search": "_"}, [3]),
        ({"score_from": 0.4}, [3, 1]),
        ({"score_to": 0.4}, [2, 1]),
        ({"score_from": 0.3, "score_to": 0.5}, [1]),
        # 8 px of 0.5 mm; the photo without a defect has no longest one.
        ({"length_from_mm": 4.0}, [3, 1]),
        ({"length_from_mm": 4.1}, []),
        ({"length_to_mm": 4.0}, [3, 1]),
    ],
)
def test_each_condition_lets_its_inspections_through(three_bodies, where, expected):
    assert chosen_ids(three_bodies, **where) == expected


def test_a_filter_by_zone_and_type_exports_those_defects_alone(engine):
    both = an_inspection(defects=(a_defect("scratch"), a_defect("dent")))
    recording.record_inspection(engine, both, DAY_SHIFT)
    defects = log_pieces.defects_frame(engine, LogFilter(type="dent", zone="A"))
    assert defects["type"].tolist() == ["dent"]


@pytest.mark.parametrize("name", [name for name in FULL if name not in ("from", "to")])
def test_the_roll_up_answers_only_what_it_can_tell_apart(name):
    rolled_up = {"shift", "line", "model", "panel", "type"}
    assert read_filter({name: FULL[name]}).fits_roll_up == (name in rolled_up)


def test_an_address_and_its_filter_say_the_same():
    assert FULL.keys() == PARAMETERS.keys()
    where = read_filter(FULL)
    assert (where.first_day, where.last_day) == (date(2026, 11, 1), date(2026, 11, 30))
    assert (where.body_search, where.length_to_mm) == ("B00", 12.5)
    assert parameters_of(where) == FULL
    assert parameters_of(LogFilter()) == {}
    assert read_filter({"panel": "", "from": ""}) == LogFilter()


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"colr": "red"}, "'colr' is unknown; known are from, to"),
        ({"from": "yesterday"}, "'from' = 'yesterday' is no day; write it as 2026-03-02"),
        ({"score_from": "high"}, "must be a number from 0 to 1"),
        ({"score_to": "nan"}, "must be a number from 0 to 1"),
        ({"length_to": "-1"}, "must be a number from 0 to 10000"),
        ({"zone": "E"}, "choose one of A, B, C, D"),
        ({"standing": "purple"}, "choose one of"),
        ({"from": "2026-03-03", "to": "2026-03-02"}, "'from' is above 'to'"),
        ({"score_from": "0.5", "score_to": "0.4"}, "'score_from' is above 'score_to'"),
    ],
)
def test_a_filter_that_cannot_be_read_is_one_sentence(parameters, sentence):
    with pytest.raises(FilterRefused, match=sentence):
        read_filter(parameters)


def test_an_unknown_code_is_refused_with_the_known_ones():
    with pytest.raises(NotFound, match="choose one of A, B, C, D"):
        LogFilter(zone="Z")
