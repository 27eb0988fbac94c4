"""The tables of a shift report behind its first page: all rows of what that page sums up."""

from collections.abc import Iterable

from inspection.i18n import Translate
from inspection.services.report.cells import (
    DocumentPart,
    joined,
    moment_text,
    percent_text,
)
from inspection.services.report.facts import head_by_model, texts_by_model
from inspection.services.report.shift_report import (
    HandOverRow,
    OpenRow,
    ShiftReport,
    cumulative_shares,
)
from inspection.services.report.words import (
    disposition_word,
    hand_over_origin,
    left_out_why,
    scale_word,
    signal_sentence,
)
from inspection.services.words import NO_VALUE, rare, word

# What fits beside everything else on the first page.
GROUPS_ON_FIRST_PAGE = 6


def groups_table(report: ShiftReport, t: Translate) -> DocumentPart:
    hidden = len(report.groups) > GROUPS_ON_FIRST_PAGE
    rows = texts_by_model(report, t) if hidden else []
    return _table(
        t("report.by_model_and_colour"),
        head_by_model(t),
        rows,
        [1.6, 1.6, 1, 1, 1, 1, 1, 1],
        range(2, 8),
    )


def pareto_table(report: ShiftReport, t: Translate) -> DocumentPart:
    shares = cumulative_shares([row.defects for row in report.pareto])
    rows = [
        [
            word(t, "defect", row.type),
            t.count(row.defects),
            percent_text(t, share),
            t.count(row.units),
            NO_VALUE if row.area_mm2 is None else t.number(row.area_mm2, 1),
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


def overruled_table(report: ShiftReport, t: Translate) -> DocumentPart:
    rows = [
        [
            f"#{row.inspection_id}",
            row.body_number or NO_VALUE,
            joined(report.model_name(row.vehicle_model), word(t, "panel", row.panel)),
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


def open_table(
    title: str, report: ShiftReport, open_rows: Iterable[OpenRow], t: Translate
) -> DocumentPart:
    rows = [
        [
            f"#{row.inspection_id}",
            row.body_number or NO_VALUE,
            joined(report.model_name(row.vehicle_model), word(t, "panel", row.panel)),
            word(t, "verdict", row.verdict),
            disposition_word(t, row.disposition),
            f"{row.inspected_at:%m-%d %H:%M}",
        ]
        for row in open_rows
    ]
    head = [
        t("report.number"),
        t("report.body_number"),
        t("report.where"),
        t("report.proposed"),
        t("report.decision"),
        t("report.time"),
    ]
    return _table(title, head, rows, ["auto", 1.6, 2, 1.1, 1.2, 1])


def left_out_table(report: ShiftReport, t: Translate) -> DocumentPart:
    rows = [
        [
            f"#{row.inspection_id}",
            row.body_number or NO_VALUE,
            joined(report.model_name(row.vehicle_model), word(t, "panel", row.panel)),
            left_out_why(row, t),
            row.reason or NO_VALUE,
            row.who or NO_VALUE,
            f"{row.at:%m-%d %H:%M}",
        ]
        for row in report.left_out
    ]
    names = ("number", "body_number", "where", "left_out_why", "reason", "left_out_who", "time")
    head = [t(f"report.{name}") for name in names]
    return _table(t("report.left_out_list"), head, rows, ["auto", 1.3, 1.6, 1.8, 2, 1, 1])


def ignored_table(report: ShiftReport, t: Translate) -> DocumentPart:
    names = ("station", "view", "kind", "marks", "photos")
    head = [t("report.panel"), *(t(f"report.ignored_{name}") for name in names)]
    title = t("report.ignored_list", n=t.count(report.ignored_marks))
    return _table(title, head, texts_of_ignored(report, t), [1.4, 1, 1.2, 1, 0.9, 0.8], (4, 5))


def texts_of_ignored(report: ShiftReport, t: Translate) -> list[list[str]]:
    """What was seen and not judged, in words: one row a kind of region of a view."""
    return [
        [
            word(t, "panel", row.panel),
            row.station,
            row.view,
            word(t, "ignore.kind_word", row.kind),
            t.count(row.marks),
            t.count(row.photos),
        ]
        for row in report.ignored
    ]


def repeats_table(report: ShiftReport, t: Translate) -> DocumentPart:
    rows = [
        [
            joined(report.model_name(row.vehicle_model), word(t, "panel", row.panel)),
            word(t, "defect", row.type),
            f"{t.percent(row.x, 0)} · {t.percent(row.y, 0)}",
            f"{t.count(row.bodies)} / {t.count(row.of_bodies)}",
            rare(t, row.expected),
            t("common.range", low=moment_text(row.first_seen), high=moment_text(row.last_seen)),
            ", ".join(f"#{photo.inspection_id}" for photo in row.photos),
        ]
        for row in report.repeats
    ]
    head = [
        t("report.where"),
        t("report.defect_type"),
        t("report.repeat_place"),
        t("report.repeat_bodies"),
        t("report.repeat_expected"),
        t("report.repeat_seen"),
        t("report.number"),
    ]
    return _table(t("report.repeats"), head, rows, [1.5, 1.2, 1, 0.9, 0.8, 1.8, 1.4], (3, 4))


def signals_table(report: ShiftReport, t: Translate) -> DocumentPart:
    rows = [
        [
            signal_sentence(report, row, t),
            row.cause or t("report.unexplained"),
            row.explained_by or NO_VALUE,
        ]
        for row in report.signals
    ]
    head = [t("report.signal"), t("report.cause"), t("report.explained_by")]
    return _table(t("report.signals"), head, rows, [2.4, 2, 0.8])


def hand_over_table(report: ShiftReport, t: Translate) -> DocumentPart:
    rows = [
        [row.text, hand_over_origin(row, t), _settled(row, t)]
        for row in sorted(report.hand_over, key=lambda row: not row.is_open)
    ] + [[row.text, f"{row.who} {row.at:%m-%d %H:%M}", t("report.notes")] for row in report.notes]
    head = [t("report.item"), t("report.opened"), t("report.settled_how")]
    return _table(t("report.hand_over_list"), head, rows, [2.6, 1.3, 2])


def _settled(row: HandOverRow, t: Translate) -> str:
    if row.is_open or row.closed_at is None:
        return t("report.still_open")
    return t(
        "report.closed_by", who=row.closed_by, at=f"{row.closed_at:%m-%d %H:%M}", why=row.reason
    )


def used_table(report: ShiftReport, t: Translate) -> DocumentPart:
    rows = [
        [t(f"report.used_{kind}"), used.name, used.sha256[:12] or NO_VALUE, t.count(used.photos)]
        for kind, versions in (("model", report.models), ("spec", report.specs))
        for used in versions
    ]
    rows += [
        [t("report.used_scale"), scale_word(t, used.source), NO_VALUE, t.count(used.photos)]
        for used in report.scales
    ]
    head = [t("report.used_kind"), t("report.used_name"), "SHA-256", t("report.photos")]
    return _table(t("report.used"), head, rows, [1.4, 3, 1.4, 0.8], [3])


def _table(title: str, head: Iterable[str], rows: list[list[str]], widths: list[float | str],
           right: Iterable[int] = ()) -> DocumentPart:  # fmt: skip
    """widths: shares of the page, or "auto". right: columns of numbers."""
    return {
        "title": title,
        "head": list(head),
        "rows": rows,
        "widths": widths,
        "right": list(right),
    }
