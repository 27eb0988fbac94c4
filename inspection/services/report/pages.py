"""What a shift report says, in words and ready to be placed: one page, then the details.

The PDF and the HTML file place the same nest of lists and dicts; neither writes a word of its own.
"""

from collections.abc import Iterable
from datetime import datetime

from inspection.domain.numbers import number, percent
from inspection.i18n import Translate
from inspection.services.report.shift_report import (
    BASELINE_DAYS,
    GroupFigures,
    HandOverRow,
    OpenRow,
    Quality,
    RepeatPhoto,
    ShiftReport,
    WorstPhoto,
    cumulative_shares,
    data_sha256,
)
from inspection.services.report.words import (
    about_the_shift,
    disposition_word,
    group_head,
    hand_over_origin,
    heading,
    left_out_why,
    outcomes,
    scale_word,
    signal_sentence,
    subtitle,
    unnumbered,
)
from inspection.services.words import NO_VALUE, plain, rare, word

# What fits beside everything else on the first page; all of it stands on the pages after.
_PARETO_ON_FIRST_PAGE = 5
_GROUPS_ON_FIRST_PAGE = 6
_REPEATS_ON_FIRST_PAGE = 3
_THUMBNAILS = 3
_SIGNALS_ON_FIRST_PAGE = 3
_ITEMS_ON_FIRST_PAGE = 5
_NOTES_ON_FIRST_PAGE = 3

# Letters that the places of one or two lines have room for.
_META_LETTERS = 110
_FOOT_LETTERS = 34
_LINE_LETTERS = 90


def report_pages(report: ShiftReport, t: Translate) -> dict:
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
            "tiles": _tiles(report, t),
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
                    "at": _moment(line.at) if line.at else "",
                }
                for line in report.signatures
            ],
            "sign_title": t("report.sign_off"),
            "sign_labels": [t("report.sign_name"), t("report.sign_date")],
            "worst": {"title": t("report.worst"), "photos": _worst_cards(report, t)},
            "tables": [
                table
                for table in (
                    _groups_table(report, t),
                    _pareto_table(report, t),
                    _repeats_table(report, t),
                    _signals_table(report, t),
                    _hand_over_table(report, t),
                    _overruled_table(report, t),
                    _open_table(t("report.open_rework_list"), report, report.open_rework, t),
                    _open_table(t("report.open_list"), report, report.open_items, t),
                    _left_out_table(report, t),
                    _used_table(report, t),
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
    return {_picture_name(photo): photo.picture for photo in photos if photo.picture is not None}


def _picture_name(photo: WorstPhoto | RepeatPhoto) -> str | None:
    if photo.picture is None:
        return None
    suffix = "png" if photo.picture.startswith(b"\x89PNG") else "jpg"
    return f"photo-{photo.inspection_id}.{suffix}"


def _tiles(report: ShiftReport, t: Translate) -> list[dict]:
    quality, baseline = report.quality, report.baseline
    rework = quality.decided_units - quality.passed_units
    return [
        _tile(t("report.photos"), _count(report.photos), unnumbered(report, t)),
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
    change = f"{'−' if difference < 0 else '+'}{number(abs(difference), 2)}"
    return t("common.bracketed", text=known, more=change)


def _pareto_bars(report: ShiftReport, t: Translate) -> dict:
    most = max((row.defects for row in report.pareto), default=0)
    shares = cumulative_shares([row.defects for row in report.pareto])
    rows = [
        {
            "label": word(t, "defect", row.type),
            "value": _count(row.defects),
            "length": row.defects / most if most else 0.0,
            "note": _percent(share, digits=0),
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


def _disposition_bars(report: ShiftReport, t: Translate) -> dict:
    rows = outcomes(report, t)
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
    agreement, gold = report.agreement, report.gold
    rows = [
        [
            t("report.confirmed"),
            _count(agreement.confirmed),
            _percent(_share(agreement.confirmed, agreement.compared)),
        ],
        [
            t("report.overruled"),
            _count(agreement.overruled),
            _percent(_share(agreement.overruled, agreement.compared)),
        ],
        [t("report.misses_found"), _count(agreement.misses_found), ""],
        [t("report.overkill"), _count(agreement.overkill), ""],
        [t("report.settled"), _count(agreement.settled), ""],
        [t("report.not_reviewed"), _count(agreement.undecided + agreement.put_off), ""],
    ]
    if gold is None:
        return [*rows, [t("report.gold"), t("report.gold_not_run"), ""]]
    right = f"{_count(gold.right)} / {_count(gold.shown)}"
    return [*rows, [t("report.gold"), right, _percent(_share(gold.right, gold.shown))]]


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


def _repeats(report: ShiftReport, t: Translate) -> dict:
    hidden = len(report.repeats) - _REPEATS_ON_FIRST_PAGE
    return {
        "title": t("report.repeats"),
        "none": t("report.repeats_none"),
        "more": t("report.more_rows", n=hidden) if hidden > 0 else "",
        "rows": [
            {
                "title": _joined(
                    report.model_name(row.vehicle_model),
                    word(t, "panel", row.panel),
                    word(t, "defect", row.type),
                ),
                "found": t("report.repeat_found", k=_count(row.bodies), n=_count(row.of_bodies)),
                "chance": t("report.repeat_chance", n=rare(row.expected)),
                "pictures": [
                    _picture_name(photo) for photo in row.photos[:_THUMBNAILS] if photo.picture
                ],
            }
            for row in report.repeats[:_REPEATS_ON_FIRST_PAGE]
        ],
    }


def _signals(report: ShiftReport, t: Translate) -> dict:
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


def _hand_over(report: ShiftReport, t: Translate) -> dict:
    lines = []
    for key, rows in (("open_bodies", report.open_items), ("open_rework", report.open_rework)):
        if rows:
            n, photos = bodies_of(rows), sum(not row.body_number for row in rows)
            apart = f", {t('report.unnumbered', n=_count(photos))}" if photos else ""
            lines.append(t(f"report.{key}_line", n=_count(n), apart=apart))
    items = report.open_hand_over
    lines += [
        f"{_shortened(' '.join(row.text.split()), _LINE_LETTERS)} ({hand_over_origin(row, t)})"
        for row in items[:_ITEMS_ON_FIRST_PAGE]
    ]
    if len(items) > _ITEMS_ON_FIRST_PAGE:
        lines.append(t("report.more_rows", n=len(items) - _ITEMS_ON_FIRST_PAGE))
    return {"title": t("report.hand_over"), "lines": lines, "none": t("report.hand_over_none")}


def _notes(report: ShiftReport, t: Translate) -> dict:
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


def _worst_cards(report: ShiftReport, t: Translate) -> list[dict]:
    return [
        {
            "picture": _picture_name(photo),
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
        for photo in report.worst
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
            NO_VALUE if row.area_mm2 is None else number(row.area_mm2, 1),
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


def _open_table(
    title: str, report: ShiftReport, open_rows: Iterable[OpenRow], t: Translate
) -> dict:
    rows = [
        [
            f"#{row.inspection_id}",
            row.body_number or NO_VALUE,
            _joined(report.model_name(row.vehicle_model), word(t, "panel", row.panel)),
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


def _left_out_table(report: ShiftReport, t: Translate) -> dict:
    rows = [
        [
            f"#{row.inspection_id}",
            row.body_number or NO_VALUE,
            _joined(report.model_name(row.vehicle_model), word(t, "panel", row.panel)),
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


def _repeats_table(report: ShiftReport, t: Translate) -> dict:
    rows = [
        [
            _joined(report.model_name(row.vehicle_model), word(t, "panel", row.panel)),
            word(t, "defect", row.type),
            f"{percent(row.x, 0)} · {percent(row.y, 0)}",
            f"{_count(row.bodies)} / {_count(row.of_bodies)}",
            rare(row.expected),
            t("common.range", low=_moment(row.first_seen), high=_moment(row.last_seen)),
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


def _signals_table(report: ShiftReport, t: Translate) -> dict:
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


def _hand_over_table(report: ShiftReport, t: Translate) -> dict:
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


def _moment(at: datetime) -> str:
    return f"{at:%m-%d %H:%M}"


def _count(n: int) -> str:
    return f"{n:,}"


def _dpu(value: float | None) -> str:
    return NO_VALUE if value is None else number(value, 2)


def _percent(share: float | None, digits: int = 1) -> str:
    return NO_VALUE if share is None else f"{share:.{digits}%}"


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _millimetres(value: float | None) -> str:
    return NO_VALUE if value is None else f"{number(value, 1)} mm"


def _area(area_mm2: float | None, area_px: int) -> str:
    return f"{area_px:,} px" if area_mm2 is None else f"{number(area_mm2, 1)} mm²"


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
