"""What another spec would have proposed: judged from the log, without the network."""

import hashlib
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from inspection.domain.acceptance import judge
from inspection.domain.acceptance_rules import load_spec
from inspection.domain.counting_words import VOIDED, CountingWord
from inspection.domain.defects import ZONE_GRADES
from inspection.domain.inspections import Inspection, Reason, Subject
from inspection.domain.scale import Scale
from inspection.services.specs.what_if import what_if, what_if_json
from inspection.storage import recording
from inspection.storage.counting_records import say
from inspection.storage.log_detail import inspection_detail
from inspection.storage.specs.measures import measured_photos
from tests.domain.spec_cases import DATA, MERCEDES, SHARP, TENTH, TESLA, VWFS, chips, mark, spec

NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
DAYS = timedelta(days=30)
ACCEPT_ALL = 'name = "lenient"\nversion = "1"\n[[rule]]\naccepted = true\n'
BAN_CHIPS = ACCEPT_ALL + '[[rule]]\ntypes = ["chip"]\nbanned = true\n'


def photo(station, defects=(), *, by=ACCEPT_ALL, at=NOW - timedelta(days=1), number=1, **about):
    """A photo as it would be judged by the spec `by`, with its slot."""
    model, code = about.pop("vehicle_model", "aria"), about.pop("panel", "hood")
    scale = about.pop("scale", TENTH)
    score = about.pop("score", 0.9 if defects else 0.1)
    judged_by = spec(by)
    judgement = judge(
        defects,
        spec=judged_by,
        vehicle_model=model,
        panel=station.bodies.panel(model, code),
        scale=scale,
        score=score,
        thresholds=SHARP,
        quality_problems=about.get("quality", ()),
        scale_doubt=about.pop("scale_doubt", None),
    )
    inspection = Inspection(
        subject=Subject(model, f"KMH-{number:05d}", code, station="ST10", line="L1"),
        photo_sha256=hashlib.sha256(f"{number}".encode()).hexdigest(),
        photo_name=f"{number}.jpg",
        width_px=4000,
        height_px=3000,
        inspected_at=at,
        judgement=judgement,
        score=score,
        scale=scale,
        thresholds=SHARP,
        model_name="fake",
        model_sha256="f" * 64,
        spec_name=judged_by.name,
        spec_sha256=judged_by.sha256,
        duration_ms=10,
        **about,
    )
    return inspection, station.calendar.slot_at(at)


def written(station, *photos):
    return recording.record_many(station.engine, photos)


def logged(station, defects=(), **about):
    """Write one photo down; answers its number."""
    return written(station, photo(station, defects, **about))[0]


def pair(apart_mm):
    return [mark(at_mm=(100, 100)), mark(at_mm=(100 + apart_mm, 100))]


# The ten cases of the domain reference, asked of the log; the ninth is no rule.
# fmt: off
CASES = [
    *((TESLA, [mark(size_mm=size)], {}, said) for size, said in (
        (1.4, "rework"), (1.5, "human"), (1.75, "human"), (2.0, "human"), (2.1, "rework"),
    )),
    *((TESLA, [mark(size_mm=size, near=True)], {}, said) for size, said in (
        (0.9, "rework"), (1.0, "human"), (1.1, "rework"),
    )),
    *((TESLA, [mark("contamination", size)], {}, "rework") for size in (0.01, 1.4, 50.0)),
    *((MERCEDES, pair(apart), {}, said) for apart, said in (
        (390, "rework"), (400, "rework"), (410, "ok"),
    )),
    (VWFS, chips(5), {}, "ok"),
    (VWFS, chips(6), {}, "rework"),
    (VWFS, chips(1, 2.1), {}, "rework"),
    (VWFS, chips(6, corner_mm=(77.0, 77.0)), {}, "rework"),
    (VWFS, chips(10), {"panel": "bumper_f"}, "ok"),
    (VWFS, chips(11), {"panel": "bumper_f"}, "rework"),
    (VWFS.replace("2.0", "1.5"), [], {"scale": Scale(14 / 3)}, "human"),
]
# fmt: on


def test_the_cases_of_the_domain_reference_hold_for_what_is_logged(station):
    about = [(defects, {**given, "number": n}) for n, (_, defects, given, _) in enumerate(CASES, 1)]
    numbers = written(station, *(photo(station, defects, **given) for defects, given in about))
    for text in dict.fromkeys(case[0] for case in CASES):
        answer = what_if(station, spec(text), 30, NOW)
        assert answer.now == {"ok": len(CASES), "rework": 0, "human": 0}
        said = {one.id: one.then for one in answer.changed}
        for number, (by, defects, given, verdict) in zip(numbers, CASES, strict=True):
            if by == text:
                assert said.get(number, "ok") == verdict, (by, defects, given)


def test_the_answer_counts_proposals_and_names_the_photos_that_change(station):
    _, chip, _ = written(
        station,
        photo(station, number=1),
        photo(station, chips(1), number=2),
        photo(station, number=3, quality=("blurred",)),
    )
    answer = what_if_json(what_if(station, spec(BAN_CHIPS), 30, NOW))
    assert answer == {
        "days": 30,
        "n": 3,
        "now": {"ok": 2, "rework": 0, "human": 1},
        "then": {"ok": 1, "rework": 1, "human": 1},
        "changed": ({"id": chip, "now": "ok", "then": "rework"},),
    }


def test_an_empty_log_answers_zeros(station):
    answer = what_if(station, spec(BAN_CHIPS), 7, NOW)
    assert (answer.n, answer.changed) == (0, ())
    assert answer.now == answer.then == {"ok": 0, "rework": 0, "human": 0}


def test_a_doubtful_scale_stays_doubtful_under_any_spec(station):
    doubt = Reason("scale_doubtful", {"mm_per_px": 0.1, "shown_mm": 400.0, "panel_mm": 1500.0})
    logged(station, chips(1, 9.0), scale_doubt=doubt)
    assert what_if(station, spec(VWFS), 30, NOW).changed == ()


def test_a_photo_proves_no_more_than_its_model_finds_surely(station):
    # A tenth of a millimetre a pixel: 30 px are 3 mm, and the spec asks for 2 mm.
    card = {"f" * 64: {"name": "fake", "a90_95_px": 30.0}}
    recording.record_many(station.engine, [photo(station)], model_cards=card)
    assert what_if(station, spec(VWFS), 30, NOW).then["human"] == 1
    assert what_if(station, spec(VWFS.replace("2.0", "4.0")), 30, NOW).then["ok"] == 1


def test_a_voided_photo_is_left_out(station):
    voided = logged(station, chips(1), number=1)
    logged(station, chips(1), number=2)
    say(station.engine, CountingWord(voided, VOIDED, "wrong body", "Lee", NOW), "")
    assert [one.id for one in what_if(station, spec(BAN_CHIPS), 30, NOW).changed] == [2]


def test_the_days_go_back_to_the_same_time_on_the_plants_clock(station):
    # New York's clock went back an hour on 1 November: 30 days there were 721 hours.
    plant = replace(station, calendar=replace(station.calendar, timezone="America/New_York"))
    logged(plant, chips(1), at=NOW - timedelta(hours=720, minutes=59), number=1)
    logged(plant, chips(1), at=NOW - timedelta(hours=721, minutes=1), number=2)
    assert what_if(plant, spec(BAN_CHIPS), 30, NOW).n == 1
    assert what_if(plant, spec(BAN_CHIPS), 31, NOW).n == 2


def test_a_photo_of_a_clock_that_runs_ahead_is_left_out(station):
    logged(station, at=NOW + timedelta(days=2))
    assert what_if(station, spec(BAN_CHIPS), 30, NOW).n == 0


def many(station, n, seed=5):
    """Photos with marks anywhere and of any size, on known and unknown panels."""

    dice = random.Random(seed)
    places = [("aria", "hood"), ("aria", "door_fl"), ("", "hood"), ("", "")]
    strict = (DATA / "specs" / "strict_topcoat.toml").read_text(encoding="utf-8")
    types = ("dust_inclusion", "scratch", "chip", "dent", "run_sag")
    photos = []
    for number in range(1, n + 1):
        model, panel = dice.choice(places)
        scale = dice.choice((TENTH, TENTH, None))
        marks = [
            mark(
                dice.choice(types),
                dice.uniform(0.1, 4.0),
                (dice.uniform(0, 400), dice.uniform(0, 300)),
                dice.choice(ZONE_GRADES) if model else None,
                bool(model) and dice.random() < 0.3,
                scale,
            )
            for _ in range(dice.choice((0, 0, 1, 2, 4)))
        ]
        about = {"vehicle_model": model, "panel": panel, "scale": scale}
        photos.append(photo(station, marks, by=strict, number=number, **about))
    written(station, *photos)


def test_the_spec_that_judged_changes_nothing(station):
    many(station, 120)
    strict = (DATA / "specs" / "strict_topcoat.toml").read_text(encoding="utf-8")
    answer = what_if(station, spec(strict + "\n# the same rules\n"), 30, NOW)
    assert (answer.n, answer.changed) == (120, ())
    assert min(answer.now.values()) > 0


def test_another_spec_judges_as_it_would_have_judged_the_photo_itself(station):
    many(station, 120)
    lease = load_spec(DATA / "specs" / "lease_return.toml")
    answer = what_if(station, lease, 30, NOW)
    assert answer.changed and answer.n == 120
    moved = Counter((one.now, one.then) for one in answer.changed)
    for verdict in answer.now:
        away = sum(n for (was, _), n in moved.items() if was == verdict)
        here = sum(n for (_, becomes), n in moved.items() if becomes == verdict)
        assert answer.then[verdict] == answer.now[verdict] - away + here


@pytest.mark.parametrize("basis", ["centre", "edge"])
def test_outlines_are_read_where_the_spec_asks_for_edges(station, basis):
    # Centres 401 mm apart, outlines 380.
    near, far = pair(401)
    x, y, w, h = near.region.bbox_px
    outline = ((x, y), (x + w + 200, y), (x + w + 200, y + h), (x, y + h))
    near = replace(near, region=replace(near.region, outline_px=outline))
    logged(station, [near, far])
    by_edge = MERCEDES.replace("inclusive = false", f'basis = "{basis}"')
    answer = what_if(station, spec(by_edge), 30, NOW)
    assert answer.then["rework"] == (1 if basis == "edge" else 0)


def test_the_log_is_asked_in_bulk_however_many_photos_it_holds(station):
    def questions():
        asked = []
        event.listen(station.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
        what_if(station, spec(VWFS), 30, NOW)
        return len(asked)

    many(station, 5)
    few = questions()
    written(station, *(photo(station, chips(2), number=number) for number in range(6, 60)))
    assert questions() == few


def test_what_is_read_in_bulk_is_what_the_log_holds_of_each_photo(station):
    many(station, 30)
    thin = replace(mark("scratch").region, width_error_px=2.5, outline_px=((1, 2), (3, 4), (5, 6)))
    logged(station, [replace(mark("scratch"), region=thin, severity="minor")], number=31)
    measured = list(measured_photos(station.engine, NOW - DAYS, NOW, with_outlines=True))
    assert [photo.id for photo in measured] == list(range(1, 32))
    for photo in measured:
        detail = inspection_detail(station.engine, photo.id)
        assert photo.defects == detail.defects
        kept = detail.inspection
        assert (photo.scale, photo.thresholds, photo.score, photo.verdict, photo.quality) == (
            *(kept.scale, kept.thresholds, kept.score),
            *(kept.judgement.verdict, kept.quality),
        )
