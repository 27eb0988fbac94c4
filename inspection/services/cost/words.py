"""A cost estimate in words: amounts with their unit, and the file a plant takes away."""

import io
import math
from collections.abc import Iterable

import pandas as pd
import xlsxwriter

from inspection.domain.cost import (
    INPUTS,
    SHARES,
    CostRanges,
    Saving,
    corrected_saving,
    extremes,
)
from inspection.i18n import Translate
from inspection.services.cost.saving import OriginalExample, original_with
from inspection.services.exporting import plain_cell
from inspection.storage.cost_estimates import NumberedEstimate

PARTS = ("caught", "false_calls", "review", "running", "total")
# Beyond this an axis in single units has more digits than room.
_MILLIONS_FROM = 1e7


def digits(t: Translate, value: float) -> str:
    """A number for reading: at most one decimal, none where it says nothing."""
    return t.signs.written(f"{value:,.1f}".removesuffix(".0")).replace("-", "−")


def amount(t: Translate, value: float, currency: str) -> str:
    return t("cost.value", value=digits(t, value), currency=currency)


def short_amount(t: Translate, value: float, currency: str) -> str:
    """An amount whose last digits nobody knows: in millions where it is large."""
    if abs(value) >= _MILLIONS_FROM:
        return t("cost.value_million", value=digits(t, round(value / 1e6)), currency=currency)
    return amount(t, round(value), currency)


def percent_digits(t: Translate, share: float) -> str:
    """A share (0–1) in percent with the digits that matter: 0.001 is "0.1"."""
    return t.digits(share * 100, ".4g")


def input_value(t: Translate, name: str, value: float, currency: str) -> str:
    """One end of an input with its unit."""
    if name in SHARES:
        return t("cost.value_share", value=percent_digits(t, value))
    if name == "units_per_year":
        return t("cost.value_units", value=digits(t, value))
    return amount(t, value, currency)


def input_label(t: Translate, name: str, currency: str) -> str:
    """An input and its unit: "Recall (per car body), %"."""
    return f"{t(f'cost.input.{name}')}, {t(f'cost.unit.{name}', currency=currency)}"


def signed_parts(saving: Saving) -> dict[str, float]:
    """What each part adds to the total, by PARTS."""
    return {
        "caught": saving.caught,
        "false_calls": -saving.false_calls,
        "review": -saving.review,
        "running": -saving.running,
        "total": saving.total,
    }


def axis(t: Translate, values: Iterable[float], currency: str) -> tuple[float, str]:
    """(divisor, words) of an axis of savings: in millions where single units are too long."""
    most = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if most >= _MILLIONS_FROM:
        return 1e6, t("cost.saving_million", currency=currency)
    return 1.0, t("cost.saving", currency=currency)


def estimate_table(
    t: Translate, ranges: CostRanges, currency: str, kept: NumberedEstimate | None, when: str
) -> pd.DataFrame:
    """Everything to reckon it again: inputs, results with their formulas as text, who and when.

    when: the moment of saving on the plant's clock. kept: None for figures that were not saved.
    """
    head = ("name", "unit_column", "low", "base", "high", "formula")
    rows: list[tuple[object, ...]] = [
        (
            t(f"cost.input.{name}"),
            t(f"cost.unit.{name}", currency=currency),
            *(
                _exported(name, getattr(ranges.ranges[name], end))
                for end in ("low", "base", "high")
            ),
            "",
        )
        for name in INPUTS
    ]
    yearly = t("cost.unit.running_cost_per_year", currency=currency)
    for name, value in signed_parts(corrected_saving(ranges.base)).items():
        formula = t(f"cost.parts_formula.{name}")
        low, high = extremes(ranges) if name == "total" else (None, None)
        label = t("cost.corrected_title") if name == "total" else t(f"cost.parts.{name}")
        rows.append((label, yearly, low, value, high, formula))
    rows.append(
        (
            t("cost.own_title"),
            yearly,
            None,
            original_with(ranges.base),
            None,
            t("cost.own_sum"),
        )
    )
    original = t("cost.unit.running_cost_per_year", currency="KRW")
    example = OriginalExample().saving
    rows.append((t("cost.original_title"), original, None, example, None, t("cost.original_sum")))
    for name, said in _record(kept, when).items():
        rows.append((t(f"cost.{name}"), "", None, None, None, said or t("cost.not_kept")))
    return pd.DataFrame(rows, columns=[t(f"cost.{name}") for name in head])


def estimate_xlsx(table: pd.DataFrame, title: str) -> bytes:
    """The table as a workbook of one sheet; numbers stay numbers, no text becomes a formula."""
    file = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "nan_inf_to_errors": False,
    }
    with xlsxwriter.Workbook(file, options) as workbook:
        sheet = workbook.add_worksheet(title[:31])
        strong = workbook.add_format({"bold": True, "text_wrap": True})
        number = workbook.add_format({"num_format": "#,##0.######"})
        for column, head in enumerate(table.columns):
            sheet.set_column(column, column, 46 if column in (0, 5) else 18)
            sheet.write_string(0, column, plain_cell(str(head)), strong)
        for row, values in enumerate(table.itertuples(index=False), start=1):
            for column, value in enumerate(values):
                if isinstance(value, str):
                    sheet.write_string(row, column, plain_cell(value))
                elif value is not None and not pd.isna(value):
                    sheet.write_number(row, column, value, number)
        sheet.freeze_panes(1, 1)
    return file.getvalue()


def _record(kept: NumberedEstimate | None, when: str) -> dict[str, str]:
    if kept is None:
        return {"plant": "", "number": "", "who": "", "when": "", "note": ""}
    said = kept.estimate
    return {
        "plant": said.plant,
        "number": str(kept.id),
        "who": said.who,
        "when": when,
        "note": said.note,
    }


def _exported(name: str, value: float) -> float:
    return round(value * 100, 9) if name in SHARES else value
