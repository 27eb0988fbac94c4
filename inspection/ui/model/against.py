"""The machine against people on the Model page: one compact table."""

import streamlit as st

from inspection.services.model.against_people import EVERY, AgainstPeople, AgainstPeopleRow
from inspection.services.model.evaluation_words import share_words
from inspection.ui.markdown import as_written
from inspection.ui.session import count, t, translate
from inspection.ui.widgets.links import page_file
from inspection.ui.widgets.tables import reading_table
from inspection.ui.widgets.words import word


def against_people(figures: AgainstPeople) -> None:
    """What the machine found, missed and called falsely where a person corrected it."""
    if not figures.photos:
        st.info(t("model.against_empty"), icon=":material/edit:")
        st.page_link(page_file("log"), label=t("inspect.to_log"), icon=":material/list_alt:")
        return
    st.caption(t("model.against_basis", photos=figures.photos, bodies=figures.bodies))
    reading_table(
        [t(f"model.against_{name}") for name in ("group", "found", "missed", "overkill")],
        [
            (
                _group(row),
                as_written(share_words(translate(), row.found)),
                count(row.missed),
                as_written(share_words(translate(), row.overkill)),
            )
            for row in figures.rows
        ],
    )
    st.caption(t("model.against_note"))


def _group(row: AgainstPeopleRow) -> str:
    if row.by == EVERY:
        return f"**{t('model.against_all')}**"
    return as_written(word("defect" if row.by == "type" else "model.length", row.code))
