"""Corrections in the log: appended, in turn, sealed, and gone with the demo line alone."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sample_inspections import AT, DAY_SHIFT, a_defect, an_inspection, sha256_of
from sqlalchemy import text
from tampering import tamper

from inspection.domain.corrections import Correction, DrawnRegion, Overlap
from inspection.domain.inspections import Judgement, Reason
from inspection.errors import Conflict, NotFound, StorageError
from inspection.storage import audit, demo_loads, log_detail, log_pieces, recording
from inspection.storage.correcting import records
from inspection.storage.database import writing
from inspection.storage.log_filter import LogFilter


def a_correction(number=1, based_on=None, who="Kim", verdict="rework"):
    defect = replace(a_defect(), source="person")
    reason = Reason("size_over_limit", {"type": "scratch", "size_mm": 4.0, "count": 2})
    return Correction(
        inspection_id=number,
        who=who,
        reason="눈으로 확인",
        at=datetime(2026, 11, 23, 2, tzinfo=UTC),
        based_on=based_on,
        mask_sha256=sha256_of("mask"),
        regions=(DrawnRegion(7, "scratch", 8),),
        overlaps=(Overlap(0, 7, 5),),
        judgement=Judgement(verdict, (reason,), (defect,)),
        duration_ms=12,
    )


@pytest.fixture
def logged(engine):
    """An engine with one inspection, which its machine had judged ok."""
    recording.record_inspection(engine, an_inspection(), DAY_SHIFT)
    return engine


def test_a_correction_comes_back_as_it_was_written(logged):
    number = records.record_correction(logged, a_correction())
    detail = log_detail.inspection_detail(logged, 1)
    assert detail.correction == records.NumberedCorrection(number, a_correction())
    assert (detail.verdict, detail.shown.judgement.verdict) == ("ok", "rework")
    assert detail.inspection.judgement.defects == () and len(detail.shown.judgement.defects) == 1
    (((piece),),) = log_pieces.details_in_pieces(logged, LogFilter())
    assert piece.corrections == detail.corrections
    assert records.corrected_inspections(logged) == [1]
    assert records.corrected_inspections(logged, "0" * 64) == []


def test_a_correction_never_has_the_number_of_its_inspection(logged):
    assert records.record_correction(logged, a_correction()) == 2
    assert records.record_correction(logged, a_correction(based_on=2)) == 3


def test_a_correction_rests_on_the_one_that_stands(logged):
    first = records.record_correction(logged, a_correction())
    for based_on in (None, 1, first + 1):
        with pytest.raises(Conflict, match="corrected by Kim"):
            records.record_correction(logged, a_correction(based_on=based_on, who="Lee"))
    second = records.record_correction(logged, a_correction(based_on=first, who="Lee"))
    assert log_detail.inspection_detail(logged, 1).correction.id == second
    with pytest.raises(NotFound):
        records.record_correction(logged, a_correction(99))


def test_of_many_corrections_at_the_same_moment_one_is_kept(logged):
    def write(n):
        try:
            return records.record_correction(logged, a_correction(who=f"Kim {n}"))
        except Conflict:
            return None

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(write, range(4)))
    assert len([number for number in numbers if number]) == 1
    assert len(log_detail.inspection_detail(logged, 1).corrections) == 1
    assert audit.verify_chain(logged).is_whole


def test_a_correction_cannot_be_changed_and_a_tampered_one_is_named(logged):
    number = records.record_correction(logged, a_correction())
    for change in ("UPDATE correction SET who = 'x'", "DELETE FROM correction"):
        with pytest.raises(StorageError), writing(logged) as connection:
            connection.execute(text(change))
    tamper(logged, "UPDATE correction SET regions = '[[7,\"dent\",8]]'")
    assert f"correction {number} is not what was written" in audit.verify_chain(logged).sentence


def test_a_damaged_correction_is_left_out_and_the_page_stays(logged):
    records.record_correction(logged, a_correction())
    tamper(logged, "UPDATE correction SET judgement = 'nonsense'")
    assert log_detail.inspection_detail(logged, 1).corrections == ()


def test_corrections_go_with_the_demo_line(engine):
    for name, source in (("photo 1", "demo"), ("photo 2", "upload")):
        one = replace(an_inspection(name, body=name), photo_source=source)
        recording.record_inspection(engine, one, DAY_SHIFT)
    first = records.record_correction(engine, a_correction(1))
    records.record_correction(engine, a_correction(1, based_on=first))
    records.record_correction(engine, a_correction(2))
    assert records.corrected_inspections(engine) == [2]
    demo_loads.remove(engine, "Kim", AT)
    assert records.corrected_inspections(engine) == [2]
    with pytest.raises(NotFound):
        log_detail.inspection_detail(engine, 1)
    assert audit.verify_chain(engine).is_whole
