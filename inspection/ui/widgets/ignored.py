"""What was seen on a photo and not judged: grey in the viewer, and told beside it."""

from collections.abc import Sequence

import streamlit as st

from inspection.domain.ignoring.regions import Ignoring
from inspection.domain.inspections import Inspection
from inspection.imaging.framing.registering import MOST_ERROR_PERCENT
from inspection.ui.markdown import Markdown, as_written
from inspection.ui.session import count, digits, plain, t
from inspection.ui.widgets.tables import reading_table
from inspection.ui.widgets.viewer import Shape
from inspection.ui.widgets.words import word


def ignored_shapes(shown: Inspection) -> Sequence[Shape]:
    """The ignore regions of a photo and the marks within, as the viewer draws them."""
    seen = shown.ignoring
    if seen is None:
        return ()
    look, name = ("holds", "zone") if seen.holds else ("idle", "zone_not_held")
    regions = [
        Shape(one.outline_px, look, plain(f"ignore.{name}", kind=kind_word(one.kind)))
        for one in seen.regions
    ]
    marks = [
        Shape(
            mark.region.outline_px,
            "mark",
            plain("ignore.mark", kind=kind_word(mark.kind), type=word("defect", mark.region.type)),
        )
        for mark in seen.marks
    ]
    return (*regions, *marks)


def kind_word(kind: str) -> str:
    """The word for a kind of ignore region."""
    return str(word("ignore.kind_word", kind))


def show_ignored(shown: Inspection) -> None:
    """Which ignore regions were held against the photo, and what they kept from being judged;
    nothing where its station has none."""
    seen = shown.ignoring
    if seen is None:
        return
    st.subheader(t("ignore.title"))
    st.markdown(f":material/{'visibility_off' if seen.holds else 'report'}: {held_text(seen)}")
    if not seen.holds:
        return
    if not seen.marks:
        st.caption(t("ignore.none_inside"))
        return
    st.markdown(f":gray[{t('ignore.marks', n=count(len(seen.marks)))}]")
    reading_table(
        [
            t("ignore.mark_number"),
            t("ignore.kind"),
            t("common.type"),
            t("common.area_px"),
            t("common.score"),
        ],
        [
            [
                str(number),
                as_written(kind_word(mark.kind)),
                as_written(str(word("defect", mark.region.type))),
                count(mark.region.area_px),
                digits(mark.region.score, ".2f"),
            ]
            for number, mark in enumerate(seen.marks, start=1)
        ],
    )


def held_text(seen: Ignoring) -> Markdown:
    """Which version was held against the photo, and whether it holds there."""
    about = {"view": seen.view, "version": seen.version}
    if seen.error_percent is None:
        return t("ignore.nowhere", **about)
    error = f"{digits(seen.error_percent, '.1f')}%"
    if seen.holds:
        by = plain(f"ignore.by_{seen.by}")
        return t("ignore.held", error=error, by=by, **about)
    return t("ignore.not_held", error=error, most=f"{digits(MOST_ERROR_PERCENT, 'g')}%", **about)
