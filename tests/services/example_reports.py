"""Shift reports for the tests of the documents: a busy shift and an empty one."""

import io
from datetime import date, datetime
from zoneinfo import ZoneInfo

from PIL import Image

from inspection.domain.quality import Quality
from inspection.services.report.shift_report import (
    HandOverRow,
    NoteRow,
    OpenRow,
    OverruledRow,
    RepeatPhoto,
    RepeatRow,
    ReportHeader,
    ScaleUsed,
    ShiftReport,
    SignalRow,
    Signature,
    WorstPhoto,
)
from inspection.storage.report.shift_figures import (
    Agreement,
    GroupFigures,
    TypeFigures,
    VersionFigures,
)

SEOUL = ZoneInfo("Asia/Seoul")

# What a person may type that is markup or a formula somewhere.
HOSTILE = (
    "=1+1",
    "#panic()",
    "*bold* _it_",
    "$x^2$",
    "<label>",
    "@ref",
    "[c](d)",
    "a\\b",
    '#import "x"',
    "// no",
    "= head",
    "`raw`",
    "{json}",
    "~-- ...",
)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 24, hour, minute, tzinfo=SEOUL)


HEADER = ReportHeader(date(2026, 11, 24), "day", "L1", at(6), at(14), ("김민수", "이서연"))


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (120, 90), (90, 120, 160)).save(file, "JPEG")
    return file.getvalue()


def worst_photo(number: int, **changes) -> WorstPhoto:
    values = {
        "inspection_id": number,
        "body_number": f"B{number}",
        "vehicle_model": "SEDAN_A",
        "colour": "white",
        "panel": "hood",
        "verdict": "rework",
        "disposition": "polish",
        "defects": 3,
        "area_px": 4210,
        "area_mm2": 23.4,
        "longest_mm": 12.8,
        "inspected_at": at(9, 12),
        "photo_sha256": "ab" * 32,
        "picture": picture(),
    }
    return WorstPhoto(**{**values, **changes})


def overruled_row(number: int, **changes) -> OverruledRow:
    values = {
        "inspection_id": number,
        "body_number": f"B{number}",
        "vehicle_model": "SUV_B",
        "panel": "hood",
        "verdict": "rework",
        "disposition": "accept",
        "reason": "조명 반사",
        "inspector": "김민수",
        "decided_at": at(10, 5),
    }
    return OverruledRow(**{**values, **changes})


def note(text: str) -> NoteRow:
    return NoteRow(1, text, "박지훈", at(10, 20))


def hand_over(text: str, **changes) -> HandOverRow:
    values = {
        "note_id": 2,
        "text": text,
        "who": "최유나",
        "at": at(5, 50),
        "day": date(2026, 11, 23),
        "shift": "night",
        "is_new": False,
    }
    return HandOverRow(**{**values, **changes})


def repeat_row(**changes) -> RepeatRow:
    values = {
        "vehicle_model": "SEDAN_A",
        "panel": "hood",
        "type": "dust_inclusion",
        "x": 0.31,
        "y": 0.62,
        "bodies": 5,
        "of_bodies": 20,
        "expected": 0.008,
        "first_seen": at(7, 5),
        "last_seen": at(12, 40),
        "photos": (
            RepeatPhoto(1040, "B1040", "ab" * 32, picture()),
            RepeatPhoto(1041, "B1041", "cd" * 32),
        ),
    }
    return RepeatRow(**{**values, **changes})


def busy_shift(**changes) -> ShiftReport:
    """100 bodies, 10 of them undecided, 30 defects; of the 90 decided 72 passed: FTT 80.0 %."""
    values = {
        "header": HEADER,
        "photos": 1284,
        "quality": Quality(units=100, defects=30, passed_units=72, undecided_units=10),
        "baseline": Quality(units=1000, defects=250, passed_units=900),
        "groups": (
            GroupFigures("SEDAN_A", "white", 700, Quality(60, 20, 42, 8)),
            GroupFigures("SUV_B", "KU3-pearl", 584, Quality(40, 10, 30, 2)),
        ),
        "pareto": (
            TypeFigures("dust_inclusion", 18, 14, 31.2),
            TypeFigures("scratch", 9, 8, 210.7),
            TypeFigures("dent", 3, 3, None),
        ),
        "worst": (worst_photo(1040), worst_photo(1041, picture=None, area_mm2=None)),
        "overruled": (overruled_row(1042),),
        "open_items": (OpenRow(1043, "B1043", "SUV_B", "hood", "human", "", at(13)),),
        "dispositions": (("accept", 72), ("polish", 18)),
        "outcomes": (("polish", 16), ("rework", 2), ("undecided", 10), ("accept", 70), ("ok", 2)),
        "open_rework": (OpenRow(1040, "B1040", "SEDAN_A", "hood", "rework", "polish", at(9, 12)),),
        "agreement": Agreement(
            confirmed=1150,
            overruled=42,
            misses_found=6,
            overkill=36,
            settled=30,
            put_off=10,
            undecided=52,
        ),
        "models": (VersionFigures("lite0-unet", "9f3c" * 16, 1284),),
        "specs": (VersionFigures("strict_topcoat", "77aa" * 16, 1284),),
        "scales": (ScaleUsed("station", 1250), ScaleUsed("", 34)),
        "repeats": (repeat_row(),),
        "signals": (
            SignalRow("u", "beyond_limit", "SUV_B", 0.61, 0.48),
            SignalRow("p", "nine_on_one_side", "", 0.21, None, "노즐 3 막힘", "이서연"),
        ),
        "notes": (note("10:20 부스 2 필터 교체"),),
        "hand_over": (
            hand_over("색상 차이 확인 필요"),
            hand_over(
                "부스 1 습도 확인", note_id=3, closed_by="박지훈", closed_at=at(8), reason="정상"
            ),
        ),
        "signatures": (
            Signature("outgoing_lead", "박지훈", at(13, 50)),
            Signature("incoming_lead"),
        ),
    }
    return ShiftReport(**{**values, **changes})


def empty_shift() -> ShiftReport:
    return ShiftReport(HEADER)
