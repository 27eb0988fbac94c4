import pytest

from inspection.errors import NotFound
from inspection.services.log import speed as log_speed
from inspection.storage import recording
from tests.storage.sample_inspections import DAY_SHIFT, a_defect, an_inspection


def test_every_question_is_asked_in_every_round(station):
    one = an_inspection(defects=(a_defect(),))
    recording.record_inspection(station.engine, one, DAY_SHIFT)
    steps = []
    speeds = log_speed.measure(station, 2, lambda done, of: steps.append((done, of)))
    names = [one.question for one in speeds]
    assert len(set(names)) == len(names) > 50
    assert steps[-1] == (2 * len(names), 2 * len(names))
    assert all(0 < one.p50_ms <= one.p95_ms for one in speeds)


def test_an_empty_log_is_not_measured(station):
    with pytest.raises(NotFound, match="the log is empty"):
        log_speed.measure(station, 1)
