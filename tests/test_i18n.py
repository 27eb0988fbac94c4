import re
import string
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from inspection.domain.acceptance import REASONS
from inspection.domain.defects import FAMILY_OF_TYPE, SEVERITIES
from inspection.domain.inspections import DISPOSITIONS, VERDICTS, Reason
from inspection.domain.scale import SCALE_SOURCES
from inspection.errors import Conflict, InspectionError, UnreadableImage, WorkerFailed
from inspection.i18n import (
    LANGUAGES,
    error_sentence,
    languages_in,
    reason_sentence,
    texts,
    translator,
)
from inspection.imaging import gate
from inspection.imaging.formats import FORMATS

REPOSITORY = Path(__file__).resolve().parent.parent
BAD_IMAGES = REPOSITORY.parent / "shared" / "bad_images" / "files"


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_and_placeholders(language):
    known, english = texts(language), texts("en")
    assert sorted(known.keys() ^ english.keys()) == []
    differing = [k for k in known if placeholders(known[k]) != placeholders(english[k])]
    assert differing == []


def test_a_language_is_one_file(tmp_path):
    for code in ("fr", "en", "de", "ko"):
        (tmp_path / f"{code}.toml").touch()
    assert languages_in(tmp_path) == ("ko", "en", "de", "fr")
    assert LANGUAGES == ("ko", "en", "de")
    names = [texts(code)["language.name"] for code in LANGUAGES]
    assert names == ["한국어", "English", "Deutsch"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_and_many_are_two_words_wherever_they_are_counted(language):
    halves = re.compile(r"\{[a-z_]+:([^}|]*)\|([^}]*)\}")
    for key, text in texts(language).items():
        for one, many in halves.findall(text):
            assert one.strip() and many.strip(), key


def test_german_leaves_no_english_sentence():
    english = re.compile(r"\b(the|of|and|with|is|are|not|from|which)\b")
    prose = {k: re.sub(r"`[^`]*`|\{[^}]*\}", "", text) for k, text in texts("de").items()}
    assert {key: text for key, text in prose.items() if english.search(text)} == {}


def test_german_writes_a_decimal_comma_and_the_others_a_point():
    written = []
    for t in map(translator, LANGUAGES):
        written.append((t.number(1234.5, 1), t.percent(0.125), t.count(1234), t.digits(0.25, "g")))
    assert written == [
        ("1,234.5", "12.5%", "1,234", "0.25"),
        ("1,234.5", "12.5%", "1,234", "0.25"),
        ("1.234,5", "12,5\u00a0%", "1.234", "0,25"),
    ]


def test_the_german_texts_themselves_write_numbers_as_german_does():
    # Versions of programs and days are no numbers.
    point = re.compile(r"(?<![\w.])\d+\.\d+(?![\d.]*[.\w])")
    prose = {
        key: re.sub(r"`[^`]*`|\{[^}]*\}|pysqlite3 [\d.]+|\d\d\.\d\d\.", "", text)
        for key, text in texts("de").items()
    }
    thousands = re.compile(r"\d{1,3}(\.\d{3})+(?!\d)")
    wrong = {key: text for key, text in prose.items() if point.search(thousands.sub("0", text))}
    assert wrong == {}


def test_a_number_in_a_german_sentence_has_a_comma_and_a_name_keeps_its_points():
    error = UnreadableImage("too_large", name="a.b.jpg", size=12.25, most=10)
    assert "a.b.jpg: 12,3 MiB, höchstens 10 MiB" in error_sentence(translator("de"), error)
    assert "a.b.jpg: 12.3 MiB" in error_sentence(translator("en"), error)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_a_word(language):
    known = texts(language)
    codes = [
        *(f"defect.{code}" for code in FAMILY_OF_TYPE),
        *(f"verdict.{code}" for code in VERDICTS),
        *(f"disposition.{code}" for code in DISPOSITIONS),
        *(f"severity.{code}" for code in SEVERITIES),
        *(f"scale_source.{code}" for code in SCALE_SOURCES),
        *(f"reason.{code}" for code in REASONS),
    ]
    assert [code for code in codes if code not in known] == []


def test_every_literal_key_that_code_asks_for_exists():
    asked = set()
    for path in [*REPOSITORY.glob("pages/*.py"), *REPOSITORY.glob("inspection/**/*.py")]:
        asked |= set(re.findall(r"""\bt\(\s*f?["']([a-z_]+\.[a-z0-9_.]+)["']""", path.read_text()))
    assert asked, "no key found: the pattern no longer fits the code"
    assert sorted(key for key in asked if key not in texts("ko")) == []


def test_korean_texts_are_korean():
    # Abbreviations, units and product words stay; a sentence of three plain English words does not.
    english_run = re.compile(r"(?:\b[A-Za-z]{3,}\b[ ,.]+){3,}")
    suspicious = {key: text for key, text in texts("ko").items() if english_run.search(text)}
    assert suspicious == {}


def test_a_reason_reads_as_a_sentence_in_both_languages():
    reason = Reason(
        "size_over_limit", {"type": "scratch", "size_mm": 4.2, "zone": "A", "limit_mm": 2.0}
    )
    english = reason_sentence(translator("en"), reason)
    assert "scratch 4.2 mm" in english and "zone A" in english and "2.0 mm" in english
    korean = reason_sentence(translator("ko"), reason)
    assert "스크래치" in korean and "4.2" in korean and "2.0" in korean


def test_an_unknown_language_falls_back_to_korean():
    assert translator("fr").language == "ko"
    assert translator("fr")("verdict.ok") == "합격"


ERROR_KEYS = sorted(key for key in texts("en") if key.startswith("error."))


@pytest.mark.parametrize("key", ERROR_KEYS)
def test_every_error_is_said_in_every_language_with_all_its_values(key):
    fields = {
        (name, spec) for _, name, spec, _ in string.Formatter().parse(texts("en")[key]) if name
    }
    is_number = {name: bool(spec) and "|" not in spec for name, spec in fields}
    values = {name: 1234.5 if number else f"«{name}»" for name, number in is_number.items()}
    error = InspectionError(key.removeprefix("error."), **values)
    for language in LANGUAGES:
        sentence = error_sentence(translator(language), error)
        missing = {v for v in values.values() if isinstance(v, str) and v not in sentence}
        assert missing == set(), language
    korean = re.sub("«.*?»", "", error_sentence(translator("ko"), error))
    assert re.search("[가-힣]", korean) or not re.search("[a-z]", korean), korean
    assert error_sentence(translator("en"), error) == str(error)


@pytest.mark.parametrize("key", ERROR_KEYS)
def test_every_language_writes_the_values_of_an_error_in_one_way(key):
    def fields(language):
        return {
            (name, conversion, spec if "|" not in (spec or "") else "")
            for _, name, spec, conversion in string.Formatter().parse(texts(language)[key])
            if name
        }

    assert [code for code in LANGUAGES if fields(code) != fields("en")] == []


@pytest.mark.skipif(not BAD_IMAGES.exists(), reason="needs the bad images beside the project")
def test_every_refusal_of_the_gate_has_korean_words():
    english_only = []
    for path in sorted(BAD_IMAGES.iterdir()):
        try:
            gate.decode(path.read_bytes(), path.name)
        except UnreadableImage as error:
            if error_sentence(translator("ko"), error) == str(error):
                english_only.append(str(error))
    assert english_only == []


@pytest.mark.parametrize(
    ("error", "english", "korean"),
    [
        (
            UnreadableImage("foreign_format", name="a.gif", format="GIF"),
            "a.gif: GIF files are not read here; save the photo as JPEG or PNG",
            "a.gif: GIF 파일은 읽지 않습니다. 사진을 JPEG나 PNG로 저장하세요.",
        ),
        (
            UnreadableImage("data_cut_off", name="a.jpg", format="JPEG", left=18),
            "a.jpg: the JPEG data is damaged (image file is truncated (18 bytes not processed))",
            "a.jpg: JPEG 파일이 중간에 잘렸습니다(읽지 못한 나머지 18바이트). "
            "원본 파일을 다시 올리세요.",
        ),
        (
            UnreadableImage("data_broken", name="a.jpg", format="JPEG"),
            "a.jpg: the JPEG data is damaged (broken data stream when reading image file)",
            "a.jpg: JPEG 데이터가 중간에 끊기거나 손상되었습니다. "
            "다시 촬영하거나 원본 파일을 다시 올리세요.",
        ),
        (
            UnreadableImage("pixels_cut_off", name="a.jpg"),
            "a.jpg: the pixel data is damaged (Corrupt JPEG data: premature end of data segment)",
            "a.jpg: JPEG 픽셀 데이터가 중간에 끊겼습니다. "
            "다시 촬영하거나 원본 파일을 다시 올리세요.",
        ),
    ],
)
def test_what_happens_to_photos_every_day_is_said_without_english_words(error, english, korean):
    assert str(error) == english
    assert error_sentence(translator("ko"), error) == korean


def test_the_refusal_of_other_files_lists_every_format_that_is_read():
    listed = texts("en")["error.not_an_image"].upper().replace("HEIC", "HEIF")
    assert [kind.name for kind in FORMATS if kind.name not in listed] == []


def test_an_error_inside_an_error_and_a_code_are_said_in_the_same_language():
    how = WorkerFailed("worker_took", seconds=30.0)
    died = WorkerFailed("worker_died", name="a.jpg", how=how, phase="decoding")
    assert str(died) == (
        "a.jpg: not inspected, the worker process took longer than 30 s while decoding; "
        "it was restarted"
    )
    assert "30초 넘게 걸림, 사진 읽는 중" in error_sentence(translator("ko"), died)


def test_a_code_without_a_text_is_a_sentence_itself():
    error = InspectionError("something new went wrong", number=3)
    assert str(error) == error_sentence(translator("ko"), error) == "something new went wrong"


def test_an_error_whose_values_do_not_fit_its_text_is_said_all_the_same():
    assert str(InspectionError("too_large", name="a.jpg")) == "too_large (name = a.jpg)"
    error = InspectionError("too_large", name="a.jpg", size="huge", most=50)
    assert "size = huge" in error_sentence(translator("ko"), error)


def test_one_defect_is_no_defects():
    t = translator("en")
    assert [t("batch.defects", n=n) for n in (0, 1, 2, "1", "1,234")] == [
        *("0 defects", "1 defect", "2 defects", "1 defect", "1,234 defects")
    ]


def test_no_english_text_counts_one_thing_as_many():
    # A number before a plural would read "1 photos": such a text names both forms.
    many = re.compile(
        r"\{[a-z_]+(?::[^|}]*)?\} (defects|photos|bodies|inspections|points|signals|rows)\b"
    )
    errors = ("error.", "reason.")
    counted = [key for key, text in texts("en").items() if many.search(text)]
    assert [key for key in counted if not key.startswith(errors)] == []


def test_a_banner_rounds_a_half_as_the_table_beside_it():
    reason = Reason(
        "size_over_limit", {"type": "scratch", "size_mm": 2.05, "zone": "A", "limit_mm": 2.0}
    )
    assert "2.1 mm" in reason_sentence(translator("en"), reason)


def test_a_moment_in_an_error_is_told_in_utc_or_on_the_plants_clock():
    seoul = ZoneInfo("Asia/Seoul")
    at = datetime(2026, 3, 2, 20, 5, tzinfo=UTC)
    error = Conflict("changed", number=7, who="Kim", at=at)
    assert str(error) == (
        "no. 7 was changed by Kim at 2026-03-02 20:05 UTC; look at it again before deciding"
    )
    # Kept as an instant: the zone it comes in does not matter.
    assert str(Conflict("changed", number=7, who="Kim", at=at.astimezone(seoul))) == str(error)
    assert "at 2026-03-03 05:05 (Asia/Seoul);" in error_sentence(translator("en"), error, seoul)
    assert "2026-03-03 05:05 (Asia/Seoul)에" in error_sentence(translator("ko"), error, seoul)
