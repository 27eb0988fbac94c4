"""The facts of a shift report that every form of it tells: key figures, models, agreement.

Each stands here once, as a label and a value. The page and the documents write the value in words
(`cells.cell_text`), the workbook as a number.
"""

from dataclasses import dataclass

from inspection.i18n import Translate
from inspection.services.report.cells import (
    Value,
    cell_text,
    difference_text,
    dpu_text,
    share_of,
)
from inspection.services.report.shift_report import ShiftReport
from inspection.services.report.words import unnumbered
from inspection.services.words import word
from inspection.storage.report.sealed_rows import BASELINE_DAYS


@dataclass(frozen=True, slots=True)
class Fact:
    """One number of a report. kind: how it is written, "count", "dpu" or "share"."""

    label: str
    value: int | float | None
    kind: str = "count"

    def text(self, t: Translate) -> str:
        """The value in words."""
        return cell_text(t, self.value, self.kind)


@dataclass(frozen=True, slots=True)
class KeyFigure(Fact):
    """One of the numbers of the first glance.

    code: which of them. note: what stands under it, "" for nothing. behind: the numbers that the
    note sums up.
    """

    code: str = ""
    note: str = ""
    behind: tuple[Fact, ...] = ()


def key_figures(report: ShiftReport, t: Translate) -> tuple[KeyFigure, ...]:
    """The six numbers of the first glance: photos, units, defects, dpu, ftt, undecided."""
    quality = report.quality
    passed, decided = quality.passed_units, quality.decided_units
    before = Fact(t("report.baseline_dpu", days=BASELINE_DAYS), report.baseline.dpu, "dpu")
    return (
        KeyFigure(
            t("report.photos"),
            report.photos,
            code="photos",
            note=unnumbered(report, t),
            behind=(Fact(t("report.unnumbered_photos"), quality.unnumbered_photos),),
        ),
        KeyFigure(t("report.units"), quality.units, code="units", note=t("report.first_inspected")),
        KeyFigure(
            t("report.defects"),
            quality.defects,
            code="defects",
            note=t("report.on_first_inspections"),
        ),
        KeyFigure(
            t("report.dpu"),
            quality.dpu,
            "dpu",
            code="dpu",
            note=_against_baseline(report, t),
            behind=(before,),
        ),
        KeyFigure(
            t("report.ftt"),
            quality.ftt,
            "share",
            code="ftt",
            note=t("report.ftt_of", passed=t.count(passed), decided=t.count(decided)),
            behind=(
                Fact(t("report.passed_units"), passed),
                Fact(t("report.decided_units"), decided),
            ),
        ),
        KeyFigure(
            t("report.undecided"),
            quality.undecided_units,
            code="undecided",
            note=t("report.reworked", n=t.count(decided - passed)),
        ),
    )


def _against_baseline(report: ShiftReport, t: Translate) -> str:
    dpu, before = report.quality.dpu, report.baseline.dpu
    if before is None:
        return t("report.no_baseline", days=BASELINE_DAYS)
    known = t("report.baseline", days=BASELINE_DAYS, dpu=dpu_text(t, before))
    if dpu is None:
        return known
    return t("common.bracketed", text=known, more=difference_text(t, dpu, before))


# How each column of `rows_by_model` is written.
KINDS_BY_MODEL = ("text", "text", "count", "count", "count", "dpu", "count", "share")


def head_by_model(t: Translate) -> list[str]:
    """Column titles of `rows_by_model`."""
    return [
        t("report.vehicle_model"),
        t("report.colour"),
        t("report.photos"),
        t("report.units"),
        t("report.defects"),
        "DPU",
        t("report.undecided"),
        t("report.ftt"),
    ]


def rows_by_model(report: ShiftReport, t: Translate) -> list[list[Value]]:
    """The figures by vehicle model and colour: one value a column of `head_by_model`."""
    return [
        [
            report.model_name(row.vehicle_model),
            word(t, "colour", row.colour),
            row.photos,
            row.quality.units,
            row.quality.defects,
            row.quality.dpu,
            row.quality.undecided_units,
            row.quality.ftt,
        ]
        for row in report.groups
    ]


def texts_by_model(report: ShiftReport, t: Translate) -> list[list[str]]:
    """`rows_by_model` in words."""
    return [
        [cell_text(t, value, kind) for value, kind in zip(row, KINDS_BY_MODEL, strict=True)]
        for row in rows_by_model(report, t)
    ]


@dataclass(frozen=True, slots=True)
class AgreementFact(Fact):
    """How often machine and inspector met. share: of the compared photos, where that has one."""

    share: float | None = None


def agreement_facts(report: ShiftReport, t: Translate) -> tuple[AgreementFact, ...]:
    """How the machine's proposals and the inspectors' decisions agree, in photos."""
    found = report.agreement

    def compared(label: str, n: int) -> AgreementFact:
        return AgreementFact(label, n, share=share_of(n, found.compared))

    return (
        compared(t("report.confirmed"), found.confirmed),
        compared(t("report.overruled"), found.overruled),
        AgreementFact(t("report.misses_found"), found.misses_found),
        AgreementFact(t("report.overkill"), found.overkill),
        AgreementFact(t("report.settled"), found.settled),
        AgreementFact(t("report.not_reviewed"), found.undecided + found.put_off),
    )
