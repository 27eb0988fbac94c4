"""A model that learnt from the plant's own photos: what it was held against, and the verdict."""

from collections.abc import Callable

import streamlit as st

from inspection.domain.learning.paired import (
    BETTER,
    LEAST_BODIES_WITH_DEFECTS,
    NO_PROOF,
    Interval,
    Paired,
)
from inspection.services.model.golden_set import GoldenFigures
from inspection.services.model.learned import Learned
from inspection.ui.markdown import as_written
from inspection.ui.session import count, number, percent, plain, t
from inspection.ui.widgets.tables import reading_table

_ICONS = {BETTER: ":material/trending_up:", NO_PROOF: ":material/pending:"}
Write = Callable[[float], str]


def learned(seen: Learned) -> None:
    """The verdict, and the figures of both models side by side."""
    base = as_written(seen.base)
    st.markdown(f"{_ICONS[seen.verdict]} **{t(f'learn.verdict.{seen.verdict}', name=base)}**")
    if seen.against:
        against = (
            t(f"learn.against.{code}", bodies=LEAST_BODIES_WITH_DEFECTS) for code in seen.against
        )
        st.markdown("\n".join(f"- {reason}" for reason in against))
    compared = seen.compared
    rows = [_paired("tight", compared.tight, percent, _points)] if compared.tight else []
    rows.append(_paired("false_regions", compared.false_regions, _regions, _regions))
    rows.append(_golden(seen.golden_before, seen.golden_after))
    reading_table([t("learn.figure"), base, t("learn.after"), t("learn.change")], rows)
    st.caption(
        t(
            "learn.basis",
            folds=seen.folds,
            photos=compared.photos,
            bodies=compared.bodies,
            defects=compared.defects,
            defective=compared.defective_bodies,
        )
    )


def _paired(name: str, figure: Paired, write: Write, write_change: Write) -> list[str]:
    return [
        t(f"learn.{name}"),
        *(as_written(_with_interval(one, write)) for one in (figure.before, figure.after)),
        as_written(_change(figure.change, write_change)),
    ]


def _with_interval(one: Interval, write: Write) -> str:
    ends = plain("common.range", low=write(one.low), high=write(one.high))
    return plain("common.bracketed", text=write(one.value), more=ends)


def _change(one: Interval, write: Write) -> str:
    ends = (one.value, one.low, one.high)
    value, low, high = (f"{'+' if end > 0 else ''}{write(end)}" for end in ends)
    return plain("common.bracketed", text=value, more=plain("learn.from_to", low=low, high=high))


def _points(share: float) -> str:
    return plain("learn.points", n=number(100 * share, 1))


def _regions(value: float) -> str:
    return number(value, 2)


def _golden(before: GoldenFigures, after: GoldenFigures) -> list[str]:
    def told(seen: GoldenFigures) -> str:
        return as_written(
            plain(
                "model_desk.golden_cell",
                found=count(seen.found),
                defects=count(seen.defects),
                alarms=count(seen.alarms),
                clean=count(seen.clean),
            )
        )

    found, alarms = after.found - before.found, after.alarms - before.alarms
    change = plain("learn.golden_change", found=f"{found:+d}", alarms=f"{alarms:+d}")
    return [t("model_desk.golden"), told(before), told(after), as_written(change)]
