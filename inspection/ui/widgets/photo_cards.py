"""Logged photos side by side, each with the way to its inspection."""

from html import escape

import pandas as pd
import streamlit as st

from inspection.ui.session import t
from inspection.ui.widgets.links import page_file, thumbnail_url
from inspection.ui.widgets.words import time_text, word


def photo_cards(name: str, photos: pd.DataFrame) -> None:
    """photos: inspection_id, photo_sha256, body_number, type, inspected_at (UTC)."""
    with st.grid(4, min_column_width=140):
        for row in photos.itertuples():
            with st.container(border=True, gap="small"):
                said = f"{word('defect', row.type)} · {row.body_number}"
                # The hash needs no escaping: it is hexadecimal.
                st.html(
                    f'<img src="{thumbnail_url(row.photo_sha256)}" alt="{escape(said)}" '
                    'loading="lazy" style="width:100%;aspect-ratio:4/3;object-fit:cover;'
                    'border-radius:.4rem;background:rgba(128,128,128,.2)">'
                    f'<div style="margin-top:.4em;font-weight:600">{escape(said)}</div>'
                    f'<div style="opacity:.75;font-size:.875rem">{time_text(row.inspected_at)}'
                    "</div>"
                )
                if st.button(
                    t("home.open"), key=f"{name}_open_{row.inspection_id}", width="stretch"
                ):
                    st.switch_page(page_file("log"), query_params={"id": str(row.inspection_id)})
