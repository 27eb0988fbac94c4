import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from inspection.domain import run_rules
from inspection.domain.quality import Quality
from inspection.errors import InspectionError
from inspection.i18n import LANGUAGES, texts, translator
from inspection.services.report import pdf as report_documents
from inspection.services.report.html import shift_report_html
from inspection.services.report.pdf import shift_report_pdf
from inspection.services.report.shift_report import (
    OpenRow,
    ReportHeader,
    SignalRow,
    Signature,
    data_sha256,
)
from inspection.services.report.words import document_name, outcomes
from inspection.storage.report.shift_figures import GroupFigures, TypeFigures
from tests.services.example_reports import (
    HEADER,
    HOSTILE,
    busy_shift,
    empty_shift,
    hand_over,
    note,
    overruled_row,
    repeat_row,
    worst_photo,
)

KOREAN, ENGLISH = translator("ko"), translator("en")


def poppler(tool: str, pdf: bytes, *options: str) -> str:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} (poppler-utils) is not installed")
    arguments = [tool, *options, "-", "-"] if tool == "pdftotext" else [tool, *options, "-"]
    done = subprocess.run(arguments, input=pdf, capture_output=True, check=True, timeout=30)
    return done.stdout.decode("utf-8")


def text_of(pdf: bytes) -> str:
    return poppler("pdftotext", pdf, "-layout")


def test_the_korean_report_is_read_back_in_korean():
    text = text_of(shift_report_pdf(busy_shift(), KOREAN))
    for words in ("교대 보고서", "먼지", "스크래치", "김민수", "조명 반사", "부스 2 필터 교체"):
        assert words in text
    assert "report." not in text


def test_the_english_report_is_read_back_in_english():
    text = text_of(shift_report_pdf(busy_shift(), ENGLISH))
    for words in ("Shift report", "FTT before repair", "Sign-off", "Decided otherwise", "Line L1"):
        assert words in text
    assert "report." not in text


def test_vehicle_models_stand_in_the_report_by_their_names():
    names = (("SEDAN_A", "Aria"), ("SUV_B", "Borea"))
    plain, named = busy_shift(), busy_shift(model_names=names)
    text = text_of(shift_report_pdf(named, KOREAN))
    assert "Aria" in text and "Borea" in text
    assert "SEDAN_A" not in text and "SUV_B" not in text
    assert data_sha256(named) == data_sha256(plain)


def test_open_photos_without_a_number_stand_apart_from_the_open_bodies():
    waiting = [
        OpenRow(n, body, "", "", "human", "", HEADER.ends_at)
        for n, body in ((1, ""), (2, ""), (3, "B7"), (4, "B7"))
    ]
    text = text_of(shift_report_pdf(busy_shift(open_items=tuple(waiting)), ENGLISH))
    assert "Open bodies: 1, without a body number: 2 photos" in text


@pytest.mark.parametrize("draw", [shift_report_pdf, shift_report_html])
def test_the_outcomes_on_paper_add_up_to_the_bodies(draw):
    quality = replace(busy_shift().quality, unnumbered_photos=7)
    paper = draw(busy_shift(quality=quality), ENGLISH)
    text = text_of(paper) if draw is shift_report_pdf else paper.decode()
    assert "Outcomes (units)" in text
    for outcome in ("Rework proposed", "OK as proposed"):
        assert outcome in text
    assert sum(units for _, units in outcomes(busy_shift(), ENGLISH)) == quality.units
    # On paper a long note of a tile breaks.
    assert "without a body number" in text if draw is shift_report_pdf else "7 photos" in text


def test_a_report_signed_before_outcomes_were_counted_shows_what_people_decided():
    assert outcomes(busy_shift(outcomes=()), ENGLISH) == [("Accept", 72), ("Polish", 18)]


def test_the_first_page_holds_the_key_figures():
    pdf = shift_report_pdf(busy_shift(), ENGLISH)
    first = poppler("pdftotext", pdf, "-layout", "-f", "1", "-l", "1")
    for figure in ("1,284", "0.30", "0.25", "(+0.05)", "80.0%", "72 of 90", "박지훈", "Sign-off"):
        assert figure in first


def test_a_colour_of_the_plants_own_speaks_itself():
    text = text_of(shift_report_pdf(busy_shift(), ENGLISH))
    assert "KU3-pearl" in text
    assert "colour." not in text


def test_the_footer_carries_the_fingerprint_of_the_data():
    report = busy_shift()
    assert data_sha256(report)[:16] in text_of(shift_report_pdf(report, ENGLISH))


def test_every_font_is_embedded_and_one_is_nanum_gothic():
    listing = poppler("pdffonts", shift_report_pdf(busy_shift(), KOREAN)).splitlines()[2:]
    assert any("NanumGothic" in line for line in listing)
    for line in listing:
        embedded, *_ = re.search(r"(yes|no)\s+(yes|no)\s+(yes|no)", line).groups()
        assert embedded == "yes"


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_shift_gives_one_page_that_says_so(language):
    pdf = shift_report_pdf(empty_shift(), translator(language))
    assert texts(language)["report.nothing_inspected"] in text_of(pdf)
    assert "Pages:           1" in poppler("pdfinfo", pdf)


def test_the_same_report_gives_the_same_file():
    assert shift_report_pdf(busy_shift(), KOREAN) == shift_report_pdf(busy_shift(), KOREAN)


def test_a_short_number_is_not_broken_for_the_sake_of_rounding():
    text = text_of(shift_report_pdf(busy_shift(), KOREAN))
    assert "#1042" in text
    assert "\u200b" not in text


def test_the_pdf_is_an_archive_file():
    pdf = shift_report_pdf(busy_shift(), KOREAN)
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in pdf


def test_the_first_page_says_what_repeats_what_fired_and_what_is_handed_over():
    first = poppler(
        "pdftotext", shift_report_pdf(busy_shift(), ENGLISH), "-layout", "-f", "1", "-l", "1"
    )
    for words in (
        "same place on 5 of the last 20 bodies",
        "beyond a limit, 0.61 (limit 0.48)",
        "Unexplained",
        "노즐 3 막힘",
        "Open bodies: 1",
        "색상 차이 확인 필요 (최유나, 11-23 Night)",
        "lite0-unet 9f3c9f3c9f3c",
        "strict_topcoat 77aa77aa77aa",
        "11-24 13:50",
    ):
        assert words in first
    assert "습도" not in first  # settled: only the details tell


def test_the_pdf_is_dated_at_the_end_of_the_shift():
    info = poppler("pdfinfo", shift_report_pdf(busy_shift(), KOREAN), "-isodates")
    assert re.search(r"CreationDate:\s+2026-11-24T05:00:00(Z|\+00)", info)  # 14:00 in Seoul


@pytest.mark.parametrize("hostile", HOSTILE)
def test_typed_text_stays_literal_on_paper(hostile):
    report = busy_shift(notes=(note(hostile),), overruled=(overruled_row(7, reason=hostile),))
    assert (
        text_of(shift_report_pdf(report, ENGLISH)).count(hostile) == 3
    )  # first page, its details, reason


def test_text_without_shape_or_with_half_letters_does_not_stop_the_report():
    report = busy_shift(
        notes=(note("a\x00b\u202ec \ud800"),), worst=(worst_photo(1, body_number="\x1b"),)
    )
    assert re.search("a□b□c □", text_of(shift_report_pdf(report, ENGLISH)))


NAMES = ("Nguyễn Văn Đức", "สมชาย ใจดี", "金品質", "KMH-😀", "अनिल", "김민수", "质量检验 张伟")


def test_every_name_keeps_its_letters_beside_an_emoji():
    report = busy_shift(notes=tuple(note(name) for name in NAMES))
    text = text_of(shift_report_pdf(report, ENGLISH))
    assert [name for name in NAMES if name not in text] == []
    assert "□" not in text


def test_a_letter_that_no_font_has_is_the_only_one_replaced():
    # 𠀀 is a rare ideograph; no embedded font has it.
    report = busy_shift(notes=(note("Nguyễn 𠀀 😀 품질"),))
    assert "Nguyễn □ 😀 품질" in text_of(shift_report_pdf(report, ENGLISH))


def long_report():
    """40 rows of everything, with words that offer no place to break."""
    name = "KMHXX00XXXX" * 8
    return busy_shift(
        header=ReportHeader(
            HEADER.production_day,
            "day",
            name,
            HEADER.starts_at,
            HEADER.ends_at,
            (name,) * 12,
        ),
        groups=tuple(GroupFigures(name, f"C{n}", 1, Quality(2, 1, 1)) for n in range(40)),
        pareto=tuple(TypeFigures("scratch", 40 - n, 1, 1e6) for n in range(40)),
        overruled=tuple(
            overruled_row(10**9 + n, body_number=name, reason=name * 4) for n in range(40)
        ),
        open_items=tuple(
            OpenRow(n, name, name, "hood", "human", "hold", HEADER.starts_at) for n in range(40)
        ),
        worst=tuple(worst_photo(n, body_number=name, vehicle_model=name) for n in range(7)),
        notes=(note("\n".join([name * 3] * 4)),) * 10,
        hand_over=(hand_over(name * 4, who=name),) * 12,
        repeats=(repeat_row(vehicle_model=name),) * 5,
        signals=(SignalRow("u", "beyond_limit", name, 0.6, 0.4, name * 3, name),) * 6,
        open_rework=tuple(
            OpenRow(n, name, name, "hood", "rework", "polish", HEADER.starts_at) for n in range(40)
        ),
        signatures=(Signature("outgoing_lead", name), Signature("incoming_lead", name)),
    )


def test_forty_long_rows_stay_inside_the_page():
    boxes = poppler("pdftotext", shift_report_pdf(long_report(), KOREAN), "-bbox")
    width, height = 595.3, 841.9  # A4 in points
    words = re.findall(r'xMin="(.+?)" yMin="(.+?)" xMax="(.+?)" yMax="(.+?)"', boxes)
    assert len(words) > 1000
    for x0, y0, x1, y1 in (map(float, word) for word in words):
        assert x0 >= 40 and x1 <= width - 40
        assert y0 >= 20 and y1 <= height - 15


def test_a_repeat_position_whose_photos_are_gone_stands_without_pictures():
    report = busy_shift(repeats=(repeat_row(photos=()),))
    assert "5 of the last 20 bodies" in " ".join(text_of(shift_report_pdf(report, ENGLISH)).split())


def test_a_picture_that_is_no_image_is_named_as_the_reason():
    report = busy_shift(worst=(worst_photo(1, picture=b"no image"),))
    with pytest.raises(InspectionError, match="2026-11-24"):
        shift_report_pdf(report, KOREAN)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_the_documents_ask_for_exists(language):
    folder = Path(report_documents.__file__).parent
    source = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    asked = set(re.findall(r't\(\s*"(report\.[a-z0-9_]+)"', source))
    assert len(asked) > 60
    asked |= {f"report.sign_{role}" for role in ("outgoing_lead", "incoming_lead")}
    asked |= {f"report.used_{kind}" for kind in ("model", "spec", "scale")}
    asked |= {f"report.state.{state}" for state in ("draft", "signed", "taken_over")}
    asked |= {f"report.rule.{rule}" for rule in run_rules.RULES}
    asked |= {f"report.chart.{kind}" for kind in ("p", "np", "c", "u")}
    assert asked <= set(texts(language))


def test_the_report_loads_neither_matplotlib_nor_a_network_library():
    program = (
        "import sys; sys.path.insert(0, '.');"
        "from inspection.services import typesetting as d; d.fonts();"
        "print([m for m in ('matplotlib', 'keras', 'tensorflow', 'openvino') if m in sys.modules])"
    )
    root = Path(report_documents.__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, check=True, timeout=60
    )
    assert done.stdout.decode().strip() == "[]"


def test_a_report_with_invented_figures_says_demo_on_every_page():
    demo = replace(busy_shift(), is_demo=True)
    pages = text_of(shift_report_pdf(demo, KOREAN)).split("\f")
    assert len(pages) > 1
    assert all("DEMO" in page for page in pages if page.strip())
    assert "DEMO" not in text_of(shift_report_pdf(busy_shift(), KOREAN))
    assert document_name(demo, KOREAN).startswith("DEMO_")
    # It is said beside the data: what is signed is the same.
    assert data_sha256(demo) == data_sha256(busy_shift())
