"""The shift report on paper.

The PDF is laid out by typst from `shift_report.typ`; that template holds no text and no sums, it
only places what `_pages` hands it. All values reach it as JSON strings, so nothing an inspector
typed can become markup. It carries the end of the shift as its date and the fingerprint of the
data: the same report gives the same bytes.
"""

import importlib.util
import json
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import typst

from inspection.errors import InspectionError
from inspection.i18n import Translate
from inspection.services.report_words import (
    NO_VALUE,
    about_the_shift,
    disposition_word,
    group_head,
    plain,
    scale_word,
    subtitle,
    word,
)
from inspection.services.reporting import (
    BASELINE_DAYS,
    GroupFigures,
    Quality,
    ShiftReport,
    cumulative_shares,
    data_sha256,
)

TEMPLATE = Path(__file__).with_name("shift_report.typ")

# What fits beside everything else on the first page; all of it stands on the pages after.
_PARETO_ON_FIRST_PAGE = 5
_GROUPS_ON_FIRST_PAGE = 6

# Letters that the head and the foot of a page have room for.
_META_LETTERS = 110
_FOOT_LETTERS = 34


def shift_report_pdf(report: ShiftReport, t: Translate) -> bytes:
    """The report as an A4 PDF in the language of t: one page of summary, then the details.

    The Korean font is embedded from a pinned package and system fonts are ignored, so the file
    looks the same everywhere. Raises InspectionError when a picture of the report is no image.
    """
    with tempfile.TemporaryDirectory(prefix="shift-report-") as folder:
        root = Path(folder)
        (root / "report.typ").write_bytes(TEMPLATE.read_bytes())
        pages = _pages(report, t, _put_pictures(report, root))
        (root / "report.json").write_text(json.dumps(_on_paper(pages)), encoding="utf-8")
        try:
            return typst.compile(
                root / "report.typ",
                root=root,
                font_paths=_fonts(),
                timestamp=int(report.header.ends_at.timestamp()),
            )
        except typst.TypstError as error:
            raise InspectionError(
                f"the shift report of {report.header.production_day} could not be laid out: {error}"
            ) from error


@cache
def _fonts() -> typst.Fonts:
    """NanumGothic, and typst's own fonts for letters that it lacks."""
    # Found without importing the package: its import would load matplotlib.
    package = importlib.util.find_spec("koreanize_matplotlib")
    if package is None or not package.submodule_search_locations:
        raise InspectionError(
            "the report's Korean font is missing; install koreanize-matplotlib as "
            "requirements.txt pins it"
        )
    folder = Path(package.submodule_search_locations[0]) / "fonts"
    return typst.Fonts(include_system_fonts=False, font_paths=[folder])


def _put_pictures(report: ShiftReport, root: Path) -> list[str | None]:
    names: list[str | None] = []
    for number, photo in enumerate(report.worst):
        if photo.picture is None:
            names.append(None)
            continue
        suffix = "png" if photo.picture.startswith(b"\x89PNG") else "jpg"
        names.append(f"photo-{number}.{suffix}")
        (root / names[-1]).write_bytes(photo.picture)
    return names


# What the pages say -------------------------------------------------------------------------


def _pages(report: ShiftReport, t: Translate, pictures: list[str | None]) -> dict:
    """Every text of the document, ready to be placed."""
    return {
        "lang": t.language,
        "title": t("report.title"),
        "subtitle": _shortened(subtitle(report, t), _META_LETTERS),
        "running": _shortened(subtitle(report, t), _FOOT_LETTERS),
        "meta": [
            [label, _shortened(value, _META_LETTERS)] for label, value in about_the_shift(report, t)
        ],
        "empty": t("report.nothing_inspected") if report.is_empty else None,
        "tiles": _tiles(report, t),
        "pareto": _pareto_bars(report, t),
        "agreement": {"title": t("report.agreement"), "rows": _agreement(report, t)},
        "dispositions": _disposition_bars(report, t),
        "groups": _groups_summary(report, t),
        "notes": _text_block(t("report.notes"), report.notes),
        "hand_over": _hand_over(report, t),
        "signatures": [
            {"role": t(f"report.sign_{line.role}"), "name": line.name} for line in report.signatures
        ],
        "sign_title": t("report.sign_off"),
        "sign_labels": [t("report.sign_name"), t("report.sign_signature"), t("report.sign_date")],
        "worst": {"title": t("report.worst"), "photos": _worst_cards(report, t, pictures)},
        "tables": [
            table
            for table in (
                _groups_table(report, t),
                _pareto_table(report, t),
                _overruled_table(report, t),
                _open_table(report, t),
                _used_table(report, t),
            )
            if table["rows"]
        ],
        "footer": t("report.data_sha256", sha256=data_sha256(report)[:16]),
        "definitions": t("report.definitions"),
    }


def _tiles(report: ShiftReport, t: Translate) -> list[dict]:
    quality, baseline = report.quality, report.baseline
    rework = quality.decided_units - quality.passed_units
    return [
        _tile(t("report.photos"), _count(report.photos), ""),
        _tile(t("report.units"), _count(quality.units), t("report.first_inspected")),
        _tile(t("report.defects"), _count(quality.defects), t("report.on_first_inspections")),
        _tile(t("report.dpu"), _dpu(quality.dpu), _against_baseline(quality, baseline, t)),
        _tile(
            t("report.ftt"),
            _percent(quality.ftt),
            t(
                "report.ftt_of",
                passed=_count(quality.passed_units),
                decided=_count(quality.decided_units),
            ),
        ),
        _tile(
            t("report.undecided"),
            _count(quality.undecided_units),
            t("report.reworked", n=_count(rework)),
        ),
    ]


def _tile(label: str, value: str, note: str) -> dict:
    return {"label": label, "value": value, "note": note}


def _against_baseline(quality: Quality, baseline: Quality, t: Translate) -> str:
    if baseline.dpu is None:
        return t("report.no_baseline", days=BASELINE_DAYS)
    known = t("report.baseline", days=BASELINE_DAYS, dpu=_dpu(baseline.dpu))
    if quality.dpu is None:
        return known
    # One shift above or below its baseline is no signal, so the difference stays uncoloured.
    difference = round(quality.dpu, 2) - round(baseline.dpu, 2)
    return f"{known} ({'−' if difference < 0 else '+'}{abs(difference):.2f})"


def _pareto_bars(report: ShiftReport, t: Translate) -> dict:
    most = max((row.defects for row in report.pareto), default=0)
    shares = cumulative_shares([row.defects for row in report.pareto])
    rows = [
        {
            "label": word(t, "defect", row.type),
            "value": _count(row.defects),
            "length": row.defects / most if most else 0.0,
            "note": _percent(share, digits=0),
        }
        for row, share in zip(report.pareto, shares, strict=True)
    ]
    return {
        "title": t("report.pareto"),
        "head": [t("report.defects"), t("report.cumulative")],
        "rows": rows[:_PARETO_ON_FIRST_PAGE],
        "none": t("report.no_defects"),
    }


def _disposition_bars(report: ShiftReport, t: Translate) -> dict:
    rows = [(word(t, "disposition", code), units) for code, units in report.dispositions]
    if report.quality.undecided_units:
        rows.append((t("report.undecided"), report.quality.undecided_units))
    most = max((units for _, units in rows), default=0)
    return {
        "title": t("report.dispositions"),
        "head": [t("report.units"), ""],
        "rows": [
            {"label": label, "value": _count(n), "length": n / most if most else 0.0, "note": ""}
            for label, n in rows
        ],
        "none": t("report.no_dispositions"),
    }


def _agreement(report: ShiftReport, t: Translate) -> list[list[str]]:
    agreement = report.agreement
    return [
        [
            t("report.confirmed"),
            _count(agreement.confirmed),
            _percent(_share(agreement.confirmed, agreement.decided)),
        ],
        [
            t("report.overruled"),
            _count(agreement.overruled),
            _percent(_share(agreement.overruled, agreement.decided)),
        ],
        [t("report.misses_found"), _count(agreement.misses_found), ""],
        [t("report.overkill"), _count(agreement.overkill), ""],
        [t("report.not_reviewed"), _count(agreement.undecided), ""],
    ]


def _groups_summary(report: ShiftReport, t: Translate) -> dict:
    rows = [_group_cells(report, row, t) for row in report.groups]
    hidden = len(rows) - _GROUPS_ON_FIRST_PAGE
    return {
        "title": t("report.by_model_and_colour"),
        "head": group_head(t),
        "rows": rows if hidden <= 0 else rows[:_GROUPS_ON_FIRST_PAGE],
        "ftt": [row.quality.ftt for row in report.groups[:_GROUPS_ON_FIRST_PAGE]],
        "more": t("report.more_rows", n=hidden) if hidden > 0 else "",
        "none": t("report.nothing_inspected"),
    }


def _group_cells(report: ShiftReport, row: GroupFigures, t: Translate) -> list[str]:
    return [
        report.model_name(row.vehicle_model) or NO_VALUE,
        word(t, "colour", row.colour),
        _count(row.photos),
        _count(row.quality.units),
        _count(row.quality.defects),
        _dpu(row.quality.dpu),
        _count(row.quality.undecided_units),
        _percent(row.quality.ftt),
    ]


def _hand_over(report: ShiftReport, t: Translate) -> dict:
    block = _text_block(t("report.hand_over"), report.hand_over)
    if report.open_items:
        # Without a body number nobody knows that two photos show the same body.
        bodies = {row.body_number or row.inspection_id for row in report.open_items}
        block["lines"].insert(0, t("report.open_bodies", n=len(bodies)))
    return block


def _text_block(title: str, text: str) -> dict:
    lines = [line for line in text.splitlines() if line.strip()]
    return {"title": title, "lines": lines}


def _worst_cards(report: ShiftReport, t: Translate, pictures: list[str | None]) -> list[dict]:
    return [
        {
            "picture": picture,
            "no_picture": t("report.no_picture"),
            "number": f"#{photo.inspection_id}",
            "verdict": word(t, "verdict", photo.verdict),
            "tone": photo.verdict,
            "title": _joined(
                photo.body_number,
                report.model_name(photo.vehicle_model),
                word(t, "colour", photo.colour),
            ),
            "panel": word(t, "panel", photo.panel),
            "facts": [
                [t("report.defects"), _count(photo.defects)],
                [t("report.area"), _area(photo.area_mm2, photo.area_px)],
                [t("report.longest"), _millimetres(photo.longest_mm)],
                [t("report.decision"), disposition_word(t, photo.disposition)],
                [t("report.time"), f"{photo.inspected_at:%m-%d %H:%M}"],
            ],
        }
        for photo, picture in zip(report.worst, pictures, strict=True)
    ]


def _table(title: str, head: Iterable[str], rows: list[list[str]], widths: list[float | str],
           right: Iterable[int] = ()) -> dict:  # fmt: skip
    """widths: shares of the page, or "auto". right: columns of numbers."""
    return {
        "title": title,
        "head": list(head),
        "rows": rows,
        "widths": widths,
        "right": list(right),
    }


def _groups_table(report: ShiftReport, t: Translate) -> dict:
    hidden = len(report.groups) > _GROUPS_ON_FIRST_PAGE
    rows = [_group_cells(report, row, t) for row in report.groups] if hidden else []
    return _table(
        t("report.by_model_and_colour"),
        group_head(t),
        rows,
        [1.6, 1.6, 1, 1, 1, 1, 1, 1],
        range(2, 8),
    )


def _pareto_table(report: ShiftReport, t: Translate) -> dict:
    shares = cumulative_shares([row.defects for row in report.pareto])
    rows = [
        [
            word(t, "defect", row.type),
            _count(row.defects),
            _percent(share),
            _count(row.units),
            NO_VALUE if row.area_mm2 is None else f"{row.area_mm2:,.1f}",
        ]
        for row, share in zip(report.pareto, shares, strict=True)
    ]
    head = [
        t("report.defect_type"),
        t("report.defects"),
        t("report.cumulative"),
        t("report.units"),
        t("report.area_mm2"),
    ]
    return _table(t("report.all_types"), head, rows, [2.4, 1, 1, 1, 1], range(1, 5))


def _overruled_table(report: ShiftReport, t: Translate) -> dict:
    rows = [
        [
            f"#{row.inspection_id}",
            row.body_number or NO_VALUE,
            _joined(report.model_name(row.vehicle_model), word(t, "panel", row.panel)),
            word(t, "verdict", row.verdict),
            disposition_word(t, row.disposition),
            " ".join(row.reason.split()) or NO_VALUE,
            f"{row.inspector or NO_VALUE} {row.decided_at:%H:%M}",
        ]
        for row in report.overruled
    ]
    head = [
        t("report.number"),
        t("report.body_number"),
        t("report.where"),
        t("report.proposed"),
        t("report.decision"),
        t("report.reason"),
        t("report.inspector"),
    ]
    return _table(t("report.overruled_list"), head, rows, ["auto", 2.1, 1.4, 1, 1, 2, 1.2])


def _open_table(report: ShiftReport, t: Translate) -> dict:
    rows = [
        [
            f"#{row.inspection_id}",
            row.body_number or NO_VALUE,
            _joined(report.model_name(row.vehicle_model), word(t, "panel", row.panel)),
            word(t, "verdict", row.verdict),
            disposition_word(t, row.disposition),
            f"{row.inspected_at:%m-%d %H:%M}",
        ]
        for row in report.open_items
    ]
    head = [
        t("report.number"),
        t("report.body_number"),
        t("report.where"),
        t("report.proposed"),
        t("report.decision"),
        t("report.time"),
    ]
    return _table(t("report.open_list"), head, rows, ["auto", 1.6, 2, 1.1, 1.2, 1])


def _used_table(report: ShiftReport, t: Translate) -> dict:
    rows = [
        [t(f"report.used_{kind}"), used.name, used.sha256[:12] or NO_VALUE, _count(used.photos)]
        for kind, versions in (("model", report.models), ("spec", report.specs))
        for used in versions
    ]
    rows += [
        [t("report.used_scale"), scale_word(t, used.source), NO_VALUE, _count(used.photos)]
        for used in report.scales
    ]
    head = [t("report.used_kind"), t("report.used_name"), "SHA-256", t("report.photos")]
    return _table(t("report.used"), head, rows, [1.4, 3, 1.4, 0.8], [3])


# Words and numbers --------------------------------------------------------------------------


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part and part != NO_VALUE) or NO_VALUE


def _count(n: int) -> str:
    return f"{n:,}"


def _dpu(value: float | None) -> str:
    return NO_VALUE if value is None else f"{value:.2f}"


def _percent(share: float | None, digits: int = 1) -> str:
    return NO_VALUE if share is None else f"{share:.{digits}%}"


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _millimetres(value: float | None) -> str:
    return NO_VALUE if value is None else f"{value:,.1f} mm"


def _area(area_mm2: float | None, area_px: int) -> str:
    return f"{area_px:,} px" if area_mm2 is None else f"{area_mm2:,.1f} mm²"


def _on_paper(value):
    """The same nest of lists and dicts with every text made fit for paper."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {key: _on_paper(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_on_paper(part) for part in value]
    return value


def _shortened(text: str, letters: int) -> str:
    """For places of one or two lines; the workbook has the whole text."""
    return text if len(text) <= letters else f"{text[: letters - 1]}…"
