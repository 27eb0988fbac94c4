"""What the check of a signed report found, in words for the page and the command line."""

from inspection.i18n import Translate
from inspection.services.report.check import ReportCheck, RowFault, ValueChange
from inspection.services.words import NO_VALUE, word

# Columns whose values are codes, and where their words stand.
_CODES = {
    "verdict": "verdict",
    "disposition": "disposition",
    "standing": "standing_word",
    "panel": "panel",
    "colour": "colour",
    "shift": "shift",
    "first_shift": "shift",
    "type": "defect",
    "severity": "severity",
}
_MOST_LETTERS = 60


def check_sentence(t: Translate, check: ReportCheck) -> str:
    """Whether one report holds, in one sentence that names it."""
    about = {
        "id": check.report_id,
        "day": check.of.day,
        "shift": word(t, "shift", check.of.shift),
        "line": t("report.line", line=check.of.line) if check.of.line else t("report.all_lines"),
    }
    if check.seal:
        return t("report_check.seal_broken", **about, why=t(f"report_check.seal.{check.seal}"))
    if check.rows:
        return t("report_check.rows_differ", **about, n=t.count(len(check.rows)))
    if check.figures:
        parts = ", ".join(t(f"report_check.figure.{part}") for part in check.figures)
        return t("report_check.figures_differ", **about, parts=parts)
    if check.later:
        return t("report_check.holds_with_later", **about, later=later_words(t, check))
    return t("report_check.holds", **about)


def later_words(t: Translate, check: ReportCheck) -> str:
    """What was added after the signature: "2 decisions, 1 note"."""
    return ", ".join(t(f"report_check.later.{table}", n=t.count(n)) for table, n in check.later)


def fault_sentences(t: Translate, check: ReportCheck) -> list[str]:
    """One sentence a row: "inspection 1234: verdict OK → rework"."""
    return [_fault(t, fault) for fault in check.rows]


def _fault(t: Translate, fault: RowFault) -> str:
    row = t(f"report_check.row.{fault.table}", n=_short(fault.number))
    if fault.kind == "changed":
        changes = ", ".join(_change(t, change) for change in fault.changes)
        return t("report_check.changed", row=row, changes=changes)
    return t(f"report_check.{fault.kind}", row=row)


def _change(t: Translate, change: ValueChange) -> str:
    column = word(t, "report_check.column", change.column)
    before, after = (_value(t, change.column, one) for one in (change.before, change.after))
    return f"{column} {before} → {after}"


def _value(t: Translate, column: str, value: object) -> str:
    if value is None or value == "":
        return NO_VALUE
    if isinstance(value, str) and column in _CODES:
        return word(t, _CODES[column], value)
    return _short(str(value))


def _short(text: str) -> str:
    if len(text) == 64 and all(letter in "0123456789abcdef" for letter in text):
        return text[:12]
    return text if len(text) <= _MOST_LETTERS else f"{text[: _MOST_LETTERS - 1]}…"
