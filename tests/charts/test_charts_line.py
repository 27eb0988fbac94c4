import pandas as pd

from inspection.charts.line import line_status
from tests.charts.example_figures import LABELS


def test_the_line_strip_counts_each_verdict_and_shows_the_worse_higher():
    verdicts = pd.DataFrame({"verdict": ["ok", "ok", "rework", "human"]})
    bars = line_status(verdicts, LABELS).data
    assert [bar.name for bar in bars] == ["합격 2", "검사자 판정 1", "재작업 1"]
    assert list(bars[2].x) == [2]
    assert bars[0].y[0] < bars[1].y[0] < bars[2].y[0]
