"""The shift report as one HTML file: nothing fetched, no script, fit to print.

It places what `report_pages` says; pictures and charts stand inside the file.
"""

import base64
from collections.abc import Iterable, Mapping
from html import escape

from inspection.charts.look import FONT_FAMILY
from inspection.i18n import Translate
from inspection.services.report.cells import DocumentPart
from inspection.services.report.pages import report_pages, report_pictures
from inspection.services.report.shift_report import ShiftReport

_STYLE = """
:root { --ink: #16202c; --soft: #5b6776; --hair: #cdd5de; --wash: #f2f5f8; --brand: #1f3a5f; }
* { box-sizing: border-box; }
body { font-family: FONTS; color: var(--ink); background: #fff; line-height: 1.4; font-size: 14px;
  max-width: 66rem; margin: 1.5rem auto; padding: 0 1.2rem; word-break: keep-all;
  overflow-wrap: anywhere; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
header { display: flex; flex-wrap: wrap; gap: .6rem 2rem; justify-content: space-between;
  align-items: flex-end; border-bottom: 3px solid var(--brand); padding-bottom: .5rem; }
.demo { position: fixed; inset: 40% 0 auto; text-align: center; font-size: 7rem; font-weight: 700;
  color: rgb(168 106 16 / .1); transform: rotate(-30deg); pointer-events: none; }
h1 { font-size: 1.7rem; margin: 0; color: var(--brand); } header p { margin: 0; font-weight: 600; }
h2 { font-size: 1.05rem; margin: 1.3rem 0 .5rem; color: var(--brand);
  border-bottom: 1.5px solid var(--brand); padding-bottom: .15rem; }
.chip { display: inline-block; font-size: .9rem; font-weight: 700; color: #fff; border-radius: 4px;
  padding: .1rem .6rem; vertical-align: middle; margin-left: .6rem; }
.draft { background: #8a5608; } .signed { background: #1f3a5f; }
.taken_over { background: #2e7d4f; }
.ok { background: #2e7d4f; } .rework { background: #b3382c; } .human { background: #8a5608; }
.quiet { color: var(--soft); font-size: .88em; } .alarm { color: #b3382c; font-weight: 700; }
.empty { background: var(--wash); padding: .8rem 1rem; font-weight: 700; }
.facts { display: grid; grid-template-columns: auto 1fr; gap: .1rem .8rem; font-size: .9rem; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; font-weight: 600; }
.tiles { display: grid; grid-template-columns: repeat(6, 1fr); gap: .6rem; margin: .9rem 0; }
.tile { background: var(--wash); border-left: 3px solid var(--brand); padding: .5rem .7rem; }
.tile b { display: block; font-size: 1.5rem; line-height: 1.2; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; }
th, td { border-bottom: 1px solid var(--hair); padding: .28rem .9rem .28rem 0; text-align: left;
  vertical-align: top; }
th { border-bottom: 2px solid var(--brand); } .number { text-align: right; white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
svg { display: block; width: 100%; height: auto; }
svg text { font-family: inherit; fill: var(--ink); }
ul { margin: .2rem 0; padding-left: 1.1rem; } li { margin: .25rem 0; }
.place { display: flex; gap: .8rem; justify-content: space-between; margin: .5rem 0; }
.place img { width: 84px; height: 63px; object-fit: cover; margin-left: 4px; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1rem; }
.card { border: 1px solid var(--hair); break-inside: avoid; }
.card img, .card .gone { width: 100%; height: 200px; object-fit: contain; background: #e4e9ee; }
.card .gone { display: flex; align-items: center; justify-content: center; color: var(--soft); }
.card div.about { padding: .6rem .8rem; }
.sign { border-bottom: 1px solid var(--soft); min-height: 1.7rem; display: flex; gap: 1rem;
  justify-content: space-between; }
footer { color: var(--soft); font-size: .8rem; margin: 2rem 0 1rem; }
@media (max-width: 720px) { .tiles { grid-template-columns: repeat(2, 1fr); }
  .pair { grid-template-columns: 1fr; } }
@page { size: A4; margin: 12mm 14mm; }
@media print { html { font-size: 11px; }
  body { margin: 0; padding: 0; max-width: none; font-size: 11px; line-height: 1.25; }
  h2 { margin: .75rem 0 .3rem; } th, td { padding-top: .13rem; padding-bottom: .13rem; }
  .tiles { margin: .5rem 0; } li, .place { margin: .15rem 0; }
  .details { break-before: page; } h2 { break-after: avoid; }
  tr, .tile, .place, svg { break-inside: avoid; } thead { display: table-header-group; }
  .cards { grid-template-columns: 1fr 1fr; } }
""".replace("FONTS", FONT_FAMILY)

_BAR, _LINE = "#3c6e9f", "#b3382c"


def shift_report_html(report: ShiftReport, t: Translate) -> bytes:
    """The report as one UTF-8 file in the language of t: one printed page, then the details."""
    pages = report_pages(report, t)
    pictures = report_pictures(report)
    title = f"{pages['title']} {pages['subtitle']}"
    parts = [*_first_page(pages, pictures), '<div class="details">']
    if pages["worst"]["photos"]:
        parts.append(_worst(pages["worst"], pictures))
    parts += [_heading(table["title"]) + _table(table) for table in pages["tables"]]
    text = (
        f'<!doctype html><html lang="{pages["lang"]}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>\n"
        + "\n".join(parts)
        + f"</div>\n<footer>{escape(pages['footer'])}</footer></body></html>\n"
    )
    return text.encode("utf-8", "backslashreplace")


def _first_page(pages: DocumentPart, pictures: Mapping[str, bytes]) -> Iterable[str]:
    state = pages["state"]
    facts = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in pages["meta"])
    yield (
        f"{_demo(pages)}<header><div><h1>{escape(pages['title'])}"
        f'<span class="chip {state["code"]}">{escape(state["word"])}</span></h1>'
        f'<p>{escape(pages["subtitle"])}</p></div><dl class="facts">{facts}</dl></header>'
    )
    if pages["empty"]:
        yield f'<p class="empty">{escape(pages["empty"])}</p>'
    yield '<div class="tiles">' + "".join(map(_tile, pages["tiles"])) + "</div>"
    yield _pair(
        _bars(pages["pareto"], with_line=True), _bars(pages["dispositions"], with_line=False)
    )
    yield _groups(pages["groups"])
    yield _pair(_repeats(pages["repeats"], pictures), _signals(pages["signals"]))
    yield _pair(_list(pages["hand_over"]), _rows(pages["agreement"]))
    software = {"title": pages["software"]["title"], "rows": pages["software"]["lines"]}
    yield _pair(_list(pages["notes"]), _rows(software, numbers=False))
    yield _heading(pages["sign_title"]) + _pair(*map(_signature, pages["signatures"]))
    yield f'<p class="quiet">{escape(pages["definitions"])}</p>'


def _demo(pages: DocumentPart) -> str:
    """The mark that repeats on every printed page; nothing for a real line."""
    if not pages["demo"]:
        return ""
    return f'<div class="demo" aria-hidden="true">{escape(pages["demo"])}</div>'


def _heading(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def _quiet(text: str) -> str:
    return f'<p class="quiet">{escape(text)}</p>' if text else ""


def _pair(left: str, right: str) -> str:
    return f'<div class="pair"><section>{left}</section><section>{right}</section></div>'


def _tile(tile: DocumentPart) -> str:
    return (
        f'<div class="tile"><span class="quiet">{escape(tile["label"])}</span>'
        f'<b>{escape(tile["value"])}</b><span class="quiet">{escape(tile["note"])}</span></div>'
    )


def _bars(chart: DocumentPart, *, with_line: bool) -> str:
    """Horizontal bars as SVG; with_line: the remarks are the running share, drawn as a line."""
    if not chart["rows"]:
        return _heading(chart["title"]) + _quiet(chart["none"])
    row_px, left_px, width_px = 26, 150, 440
    room_px = 190
    height_px = 20 + row_px * len(chart["rows"])
    head = (
        f'<text x="{left_px + room_px + 44}" y="12" font-size="11" text-anchor="end">'
        f"{escape(chart['head'][0])}</text>"
        f'<text x="{width_px}" y="12" font-size="11" text-anchor="end">'
        f"{escape(chart['head'][1])}</text>"
    )
    drawn, points = [], []
    for place, row in enumerate(chart["rows"]):
        top_px = 20 + place * row_px
        middle_px = top_px + row_px / 2
        drawn.append(
            f'<text x="0" y="{middle_px + 4:g}" font-size="12.5">{escape(row["label"][:18])}</text>'
            f'<rect x="{left_px}" y="{top_px + 5}" height="{row_px - 10}" '
            f'width="{max(row["length"], 0.004) * room_px:.1f}" fill="{_BAR}"/>'
            f'<text x="{left_px + room_px + 44}" y="{middle_px + 4:g}" font-size="12.5" '
            f'font-weight="700" text-anchor="end">{escape(row["value"])}</text>'
            f'<text x="{width_px}" y="{middle_px + 4:g}" font-size="11.5" text-anchor="end">'
            f"{escape(row['note'])}</text>"
        )
        points.append(f"{left_px + row.get('cumulative', 0) * room_px:.1f},{middle_px:g}")
    line = (
        f'<polyline points="{" ".join(points)}" fill="none" stroke="{_LINE}" stroke-width="1.6"/>'
        + "".join(
            f'<circle cx="{x}" cy="{y}" r="2.6" fill="{_LINE}"/>'
            for x, y in (point.split(",") for point in points)
        )
        if with_line
        else ""
    )
    return (
        f"{_heading(chart['title'])}<svg viewBox='0 0 {width_px} {height_px}' role='img' "
        f"aria-label='{escape(chart['title'], quote=True)}'>{head}{''.join(drawn)}{line}</svg>"
    )


def _groups(groups: DocumentPart) -> str:
    if not groups["rows"]:
        return _heading(groups["title"]) + _quiet(groups["none"])
    table = {
        "head": groups["head"],
        "rows": groups["rows"],
        "right": list(range(2, len(groups["head"]))),
    }
    return _heading(groups["title"]) + _table(table) + _quiet(groups["more"])


def _repeats(repeats: DocumentPart, pictures: Mapping[str, bytes]) -> str:
    rows = "".join(
        f'<div class="place"><div><b>{escape(row["title"])}</b><br>{escape(row["found"])}<br>'
        f'<span class="quiet">{escape(row["chance"])}</span></div><div>'
        + "".join(f'<img alt="" src="{_data_uri(pictures[name])}">' for name in row["pictures"])
        + "</div></div>"
        for row in repeats["rows"]
    )
    return _heading(repeats["title"]) + (rows or _quiet(repeats["none"])) + _quiet(repeats["more"])


def _signals(signals: DocumentPart) -> str:
    rows = "".join(
        f"<li>{escape(row['what'])}<br>"
        f'<span class="{"" if row["explained"] else "alarm"}">{escape(row["cause"])}</span></li>'
        for row in signals["rows"]
    )
    shown = f"<ul>{rows}</ul>" if rows else _quiet(signals["none"])
    return _heading(signals["title"]) + shown + _quiet(signals["more"])


def _list(part: DocumentPart) -> str:
    lines = "".join(f"<li>{escape(line)}</li>" for line in part["lines"])
    return _heading(part["title"]) + (f"<ul>{lines}</ul>" if lines else _quiet(part["none"]))


def _rows(part: DocumentPart, *, numbers: bool = True) -> str:
    kind = ' class="number"' if numbers else ""
    rows = "".join(
        f"<tr><td>{escape(label)}</td>"
        + "".join(f"<td{kind}>{escape(value)}</td>" for value in values)
        + "</tr>"
        for label, *values in part["rows"]
    )
    return f"{_heading(part['title'])}<table>{rows}</table>"


def _signature(signature: DocumentPart) -> str:
    return (
        f'<b>{escape(signature["role"])}</b><div class="sign"><span>{escape(signature["name"])}'
        f"</span><span>{escape(signature['at'])}</span></div>"
    )


def _worst(worst: DocumentPart, pictures: Mapping[str, bytes]) -> str:
    return (
        _heading(worst["title"])
        + '<div class="cards">'
        + "".join(_card(photo, pictures) for photo in worst["photos"])
        + "</div>"
    )


def _card(photo: DocumentPart, pictures: Mapping[str, bytes]) -> str:
    shown = (
        f'<img alt="{escape(photo["panel"], quote=True)}" '
        f'src="{_data_uri(pictures[photo["picture"]])}">'
        if photo["picture"]
        else f'<div class="gone">{escape(photo["no_picture"])}</div>'
    )
    facts = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in photo["facts"])
    return (
        f'<div class="card">{shown}<div class="about"><b>{escape(photo["panel"])} '
        f'{escape(photo["number"])}</b><span class="chip {photo["tone"]}">'
        f"{escape(photo['verdict'])}</span><br>{escape(photo['title'])}"
        f'<dl class="facts">{facts}</dl></div></div>'
    )


def _table(table: DocumentPart) -> str:
    def cells(tag: str, row: list[str]) -> str:
        return "".join(
            f"<{tag}{_number_class(place in table['right'])}>{escape(cell)}</{tag}>"
            for place, cell in enumerate(row)
        )

    rows = "".join(f"<tr>{cells('td', row)}</tr>" for row in table["rows"])
    return (
        f'<div class="wide"><table><thead><tr>{cells("th", table["head"])}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _number_class(is_number: bool) -> str:
    return ' class="number"' if is_number else ""


def _data_uri(picture: bytes) -> str:
    kind = "png" if picture.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
