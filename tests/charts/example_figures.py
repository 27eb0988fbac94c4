"""Frames and words that the figures are drawn from, and what is asked of a drawn figure."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from inspection.domain.run_rules import RULES
from inspection.domain.spc import phased_chart

LABELS = {
    "title": "차종별 DPU",
    "day": "생산일",
    "dpu": "대당 결함 수(개/대)",
    "ftt": "직행률",
    "defect_area": "결함 면적(mm²/대)",
    "units": "검사 대수",
    "type": "결함 유형",
    "defects": "결함(개)",
    "cumulative": "누적 비율",
    "value": "대당 결함 수(개/대)",
    "centre": "중심선",
    "limits": "관리한계",
    "laney_limits": "Laney 관리한계",
    "range": "{low}~{high}",
    "signal": "이상 신호",
    "excluded": "제외한 점",
    "phase": "공정 변경",
    "provisional": "관리한계는 20점부터",
    "scratch": "스크래치",
    "ok": "합격",
    "human": "검사자 판정",
    "rework": "재작업",
    **{rule: rule.replace("_", " ") for rule in RULES},
}
MONDAY = date(2026, 5, 4)


def daily_frame(*rows: tuple) -> pd.DataFrame:
    """Rows of (days after Monday, shift, model, units, defects, first_ok, defect_area_mm2)."""
    return pd.DataFrame(
        [
            {
                "day": MONDAY + timedelta(days=days),
                "shift": shift,
                "vehicle_model": model,
                "units": units,
                "defects": defects,
                "dpu": defects / units if units else None,
                "first_units": units,
                "first_ok": ok,
                "ftt": ok / units if units else None,
                "defect_area_mm2": area,
            }
            for days, shift, model, units, defects, ok, area in rows
        ],
        columns=[
            "day",
            "shift",
            "vehicle_model",
            "units",
            "defects",
            "dpu",
            "first_units",
            "first_ok",
            "ftt",
            "defect_area_mm2",
        ],
    )


TWO_MODELS = daily_frame(
    (0, "day", "aurora", 30, 3, 28, 60.0),
    (0, "night", "aurora", 10, 5, 6, 20.0),
    (1, "day", "aurora", 0, 0, 0, 0.0),
    (0, "day", "comet", 20, 1, 19, None),
)
PARETO = pd.DataFrame(
    {
        "type": ["dent", "scratch"],
        "defects": [25, 75],
        "share": [0.25, 0.75],
        "cumulative": [1.0, 0.75],
    }
)


def chart_points(points: int) -> pd.DataFrame:
    """One point a day with fifty bodies."""
    days = pd.date_range(MONDAY, periods=points, freq="D")
    return pd.DataFrame({"at": days, "label": days.strftime("%Y-%m-%d"), "units": 50})


def chart_with_a_jump():
    return phased_chart("u", [10] * 20 + [40], [50] * 21, np.arange(21) < 20)


def lines(figure) -> dict:
    return {trace.name: trace for trace in figure.data}


def points_drawn(figure) -> int:
    return sum(len(trace.y) for trace in figure.data)


CURVE_LABELS = {
    "detection": "검출(%)",
    "false_alarm": "과검(%)",
    "threshold": "임계값",
    "roc": "점수",
    "chance": "무작위 판정",
    "marks": "1, 5, 10%",
    "size": "길이(mm)",
    "pod": "검출 확률(%)",
    "curve": "곡선",
    "observed": "관측",
    "n": "결함",
    "a50": "a50",
    "a90": "a90",
    "a90_95": "a90/95",
    "predicted": "예측(%)",
    "before": "전",
    "after": "후",
    "perfect": "완전",
    "photos": "사진",
    "to_person": "확인 필요(%)",
    "wrong": "오판정(%)",
    "missed": "미검",
    "rejected": "과검",
    "allowed": "허용",
}
