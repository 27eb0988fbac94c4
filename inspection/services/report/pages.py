"""What a shift report says, in words and ready to be placed: one page, then the details.

The PDF and the HTML file place the same nest of lists and dicts; neither writes a word of its own.
"""

from collections.abc import Iterable
from typing import Any

from inspection.i18n import Translate
from inspection.services.report.cells import (
    DocumentPart,
    area_text,
    joined,
    millimetres_text,
    moment_text,
    percent_text,
)
from inspection.services.report.detail_tables import (
    GROUPS_ON_FIRST_PAGE,
    groups_table,
    hand_over_table,
    ignored_table,
    left_out_table,
    open_table,
    overruled_table,
    pareto_table,
    repeats_table,
    signals_table,
    used_table,
)
from inspection.services.report.facts import (
    agreement_facts,
    head_by_model,
    key_figures,
    texts_by_model,
)
from inspection.services.report.shift_report import (
    OpenRow,
    RepeatPhoto,
    ShiftReport,
    WorstPhoto,
    cumulative_shares,
    data_sha256,
)
from inspection.services.report.words import (
    about_the_shift,
    disposition_word,
    hand_over_origin,
    heading,
    outcomes,
    scale_word,
    signal_sentence,
    subtitle,
)
from inspection.services.words import plain, rare, word

# What fits beside everything else on the first page; all of it stands on the pages after.
_PARETO_ON_FIRST_PAGE = 5
_REPEATS_ON_FIRST_PAGE = 3
_THUMBNAILS = 3
_SIGNALS_ON_FIRST_PAGE = 3
_ITEMS_ON_FIRST_PAGE = 5
_NOTES_ON_FIRST_PAGE = 3

# Letters that the places of one or two lines have room for.
_META_LETTERS = 110
_FOOT_LETTERS = 34
_LINE_LETTERS = 90


def report_pages(report: ShiftReport, t: Translate) -> DocumentPart:
    """Every text of the document; pictures by the names of `report_pictures`."""
    return _on_paper(
        {
            "lang": t.language,
            "title": heading(report, t),
            "demo": "DEMO" if report.is_demo else "",
            "state": {"code": report.state, "word": t(f"report.state.{report.state}")},
            "subtitle": _shortened(subtitle(report, t), _META_LETTERS),
            "running": ("DEMO · " if report.is_demo else "")
            + _shortened(subtitle(report, t), _FOOT_LETTERS),
            "meta": [
                [label, _shortened(value, _META_LETTERS)]
                for label, value in about_the_shift(report, t)
            ],
            "empty": t("report.nothing_inspected") if report.is_empty else None,
            "tiles": [
                {"label": figure.label, "value": figure.text(t), "note": figure.note}
                for figure in key_figures(report, t)
            ],
            "pareto": _pareto_bars(report, t),
            "dispositions": _disposition_bars(report, t),
            "groups": _groups_summary(report, t),
            "repeats": _repeats(report, t),
            "signals": _signals(report, t),
            "agreement": {"title": t("report.agreement"), "rows": _agreement(report, t)},
            "hand_over": _hand_over(report, t),
            "notes": _notes(report, t),
            "software": {"title": t("report.used"), "lines": _software(report, t)},
            "signatures": [
                {
                    "role": t(f"report.sign_{line.role}"),
                    "name": line.name,
                    "at": moment_text(line.at) if line.at else "",
                }
                for line in report.signatures
            ],
            "sign_title": t("report.sign_off"),
            "sign_labels": [t("report.sign_name"), t("report.sign_date")],
            "worst": {"title": t("report.worst"), "photos": _worst_cards(report, t)},
            "tables": [
                table
                for table in (
                    groups_table(report, t),
                    pareto_table(report, t),
                    repeats_table(report, t),
                    signals_table(report, t),
                    hand_over_table(report, t),
                    overruled_table(report, t),
                    open_table(t("report.open_rework_list"), report, report.open_rework, t),
                    open_table(t("report.open_list"), report, report.open_items, t),
                    left_out_table(report, t),
                    ignored_table(report, t),
                    used_table(report, t),
                )
                if table["rows"]
            ],
            "footer": t("report.data_sha256", sha256=data_sha256(report)[:16]),
            "definitions": t("report.definitions"),
        }
    )


def report_pictures(report: ShiftReport) -> dict[str, bytes]:
    """The pictures that are there, by the names under which the pages speak of them."""
    photos: list[WorstPhoto | RepeatPhoto] = [*report.worst]
    for row in report.repeats:
        photos += row.photos[:_THUMBNAILS]
    return {
        name: photo.picture
        for photo in photos
        if photo.picture is not None and (name := _picture_name(photo))
    }


def _picture_name(photo: WorstPhoto | RepeatPhoto) -> str | None:
    if photo.picture is None:
        return None
    suffix = "png" if photo.picture.startswith(b"\x89PNG") else "jpg"
    return f"photo-{photo.inspection_id}.{suffix}"


def _pareto_bars(report: ShiftReport, t: Translate) -> DocumentPart:
    most = max((row.defects for row in report.pareto), default=0)
    shares = cumulative_shares([row.defects for row in report.pareto])
    rows = [
        {
            "label": word(t, "defect", row.type),
            "value": t.count(row.defects),
            "length": row.defects / most if most else 0.0,
            "note": percent_text(t, share, digits=0),
            "cumulative": share,
        }
        for row, share in zip(report.pareto, shares, strict=True)
    ]
    return {
        "title": t("report.pareto"),
        "head": [t("report.defects"), t("report.cumulative")],
        "rows": rows[:_PARETO_ON_FIRST_PAGE],
        "none": t("report.no_defects"),
    }


def _disposition_bars(report: ShiftReport, t: Translate) -> DocumentPart:
    rows = outcomes(report, t)
    most = max((units for _, units in rows), default=0)
    return {
        "title": t("report.dispositions"),
        "head": [t("report.units"), ""],
        "rows": [
            {
                "label": label,
                "value": t.count(n),
                "length": n / most if most else 0.0,
                "note": "",
            }
            for label, n in rows
        ],
        "none": t("report.no_dispositions"),
    }


def _agreement(report: ShiftReport, t: Translate) -> list[list[str]]:
    return [
        [fact.label, fact.text(t), "" if fact.share is None else percent_text(t, fact.share)]
        for fact in agreement_facts(report, t)
    ]


def _groups_summary(report: ShiftReport, t: Translate) -> DocumentPart:
    rows = texts_by_model(report, t)
    hidden = len(rows) - GROUPS_ON_FIRST_PAGE
    return {
        "title": t("report.by_model_and_colour"),
        "head": head_by_model(t),
        "rows": rows if hidden <= 0 else rows[:GROUPS_ON_FIRST_PAGE],
        "ftt": [row.quality.ftt for row in report.groups[:GROUPS_ON_FIRST_PAGE]],
        "more": t("report.more_rows", n=hidden) if hidden > 0 else "",
        "none": t("report.nothing_inspected"),
    }


def _repeats(report: ShiftReport, t: Translate) -> DocumentPart:
    hidden = len(report.repeats) - _REPEATS_ON_FIRST_PAGE
    return {
        "title": t("report.repeats"),
        "none": t("report.repeats_none"),
        "more": t("report.more_rows", n=hidden) if hidden > 0 else "",
        "rows": [
            {
                "title": joined(
                    report.model_name(row.vehicle_model),
                    word(t, "panel", row.panel),
                    word(t, "defect", row.type),
                ),
                "found": t("report.repeat_found", k=t.count(row.bodies), n=t.count(row.of_bodies)),
                "chance": t("report.repeat_chance", n=rare(t, row.expected)),
                "pictures": [
                    _picture_name(photo) for photo in row.photos[:_THUMBNAILS] if photo.picture
                ],
            }
            for row in report.repeats[:_REPEATS_ON_FIRST_PAGE]
        ],
    }


def _signals(report: ShiftReport, t: Translate) -> DocumentPart:
    hidden = len(report.signals) - _SIGNALS_ON_FIRST_PAGE
    return {
        "title": t("report.signals"),
        "none": t("report.signals_none"),
        "more": t("report.more_rows", n=hidden) if hidden > 0 else "",
        "rows": [
            {
                "what": signal_sentence(report, row, t),
                "cause": row.cause or t("report.unexplained"),
                "explained": bool(row.cause),
            }
            for row in report.signals[:_SIGNALS_ON_FIRST_PAGE]
        ],
    }


def _hand_over(report: ShiftReport, t: Translate) -> DocumentPart:
    lines = []
    for key, rows in (("open_bodies", report.open_items), ("open_rework", report.open_rework)):
        if rows:
            n, photos = bodies_of(rows), sum(not row.body_number for row in rows)
            apart = f", {t('report.unnumbered', n=t.count(photos))}" if photos else ""
            lines.append(t(f"report.{key}_line", n=t.count(n), apart=apart))
    items = report.open_hand_over
    lines += [
        f"{_shortened(' '.join(row.text.split()), _LINE_LETTERS)} ({hand_over_origin(row, t)})"
        for row in items[:_ITEMS_ON_FIRST_PAGE]
    ]
    if len(items) > _ITEMS_ON_FIRST_PAGE:
        lines.append(t("report.more_rows", n=len(items) - _ITEMS_ON_FIRST_PAGE))
    return {"title": t("report.hand_over"), "lines": lines, "none": t("report.hand_over_none")}


def _notes(report: ShiftReport, t: Translate) -> DocumentPart:
    lines = [
        f"{_shortened(' '.join(row.text.split()), _LINE_LETTERS)} ({row.who}, {row.at:%H:%M})"
        for row in report.notes[:_NOTES_ON_FIRST_PAGE]
    ]
    if len(report.notes) > _NOTES_ON_FIRST_PAGE:
        lines.append(t("report.more_rows", n=len(report.notes) - _NOTES_ON_FIRST_PAGE))
    return {"title": t("report.notes"), "lines": lines, "none": t("report.notes_none")}


def _software(report: ShiftReport, t: Translate) -> list[list[str]]:
    """One line a kind: what judged most of the photos, and how many others there were."""
    kinds = [
        (
            t(f"report.used_{kind}"),
            [f"{_shortened(one.name, 34)} {one.sha256[:12]}" for one in used],
        )
        for kind, used in (("model", report.models), ("spec", report.specs))
    ]
    kinds.append((t("report.used_scale"), [scale_word(t, one.source) for one in report.scales]))
    return [
        [label, used[0] + (t("report.and_more", n=len(used) - 1) if len(used) > 1 else "")]
        for label, used in kinds
        if used
    ]


def bodies_of(rows: Iterable[OpenRow]) -> int:
    """How many bodies these photos show; photos without a body number are none."""
    return len({(row.vehicle_model, row.body_number) for row in rows if row.body_number})


def _worst_cards(report: ShiftReport, t: Translate) -> list[DocumentPart]:
    return [
        {
            "picture": _picture_name(photo),
            "no_picture": t("report.no_picture"),
            "number": f"#{photo.inspection_id}",
            "verdict": word(t, "verdict", photo.verdict),
            "tone": photo.verdict,
            "title": joined(
                photo.body_number,
                report.model_name(photo.vehicle_model),
                word(t, "colour", photo.colour),
            ),
            "panel": word(t, "panel", photo.panel),
            "facts": [
                [t("report.defects"), t.count(photo.defects)],
                [t("report.area"), area_text(t, photo.area_mm2, photo.area_px)],
                [t("report.longest"), millimetres_text(t, photo.longest_mm)],
                [t("report.decision"), disposition_word(t, photo.disposition)],
                [t("report.time"), f"{photo.inspected_at:%m-%d %H:%M}"],
            ],
        }
        for photo in report.worst
    ]


def _on_paper(value: Any) -> Any:
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
