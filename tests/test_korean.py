"""The Korean is the plant's own: what can be tested of the words, the sentences and the spacing."""

import re
from pathlib import Path

import pytest

from inspection.i18n import texts

REPOSITORY = Path(__file__).resolve().parent.parent
KOREAN = texts("ko")

# What is no prose: commands and names of settings in backticks, placeholders.
_NO_PROSE = re.compile(r"`[^`]*`|\{[^}]*\}")

# Words that the plant does not use for these things, and what it says instead.
NOT_THE_PLANTS_WORDS = {
    r"AI 판정|AI 보류|기계": "AI 제안; 확인 필요",
    r"사람에게 (보내|갑)": "확인 필요",
    r"(최종|바뀐|변경된) 판정|판정 변경(?!:)|처리 결과|제안 조치": "처리 구분; 제안과 다르게 판정",
    r"판정 취소": "판정 되돌리기",
    r"합격 기준": "판정 기준",
    r"(?<!관리)한계": "한도 (spec), 관리한계 (chart), 유의 사항 (model)",
    r"레이니|홀름|윌슨|브라이어": "Laney, Holm, Wilson, Brier",
    r"(?<!이상 )신호": "이상 신호",
    r"관리한계를? 벗어": "관리한계 이탈",
    r"점 (이상 )?(연속|한쪽)|연속 증가|연속 감소": "중심선 한쪽 연속 9점; 연속 6점 상승·하락",
    r"흩어|묶음": "산포; 부분군, 그룹",
    r"결함 종류|결함수|첫 검사": "결함 유형; 결함 수; 최초 검사",
    r"허위|과검출|헛수리": "과검",
    r"놓[친침쳤]|놓치|미검출": "미검",
    r"불합격 점수|재작업 점수 하한|합격 점수 상한": "재작업 하한 점수; 합격 상한 점수",
    r"결함으로 보는 확률|결함 확률 기준|영역 임계값|최소 영역|최고 확률 기준": "결함 확률 임계값",
    r"최소 결함 크기": "최소 결함 면적(px)",
    r"화소": "픽셀",
    r"기준 세트|그려서|그린 패널|떼어 둔": "기준 시료; 합성 패널; 시험용 사진",
    r"자료|사용 허가|조각|\bval\b": "데이터셋; 라이선스; 패치; 검증",
    r"고르|고른|골라|골랐": "선택",
    r"(?<!\w)(적힌|적혀|적어야|적으세요|적은 그대로)": "입력; 지정된",
    r"(?<!\w)(재[고는]|쟀|잰) |아끼|아낍|짐작|지어낸": "측정; 절감; 추정",
    r"나쁜 쪽|좋은 쪽|나쁜 끝|좋은 끝": "불리한 쪽; 유리한 쪽",
    r"지문|해시": "검증값(SHA-256)",
    r"단추|예제 사진|예시 사진|(?<!내려)받기": "버튼; 샘플 사진; 내려받기",
    r"검사대|너비|축척 출처": "스테이션; 폭; 축척 근거",
    r"검정|회색|은색|빨강|파랑": "블랙, 그레이, 실버, 레드, 블루",
    r" [좌우]$": "LH, RH",
    r"찍힘|도막 손실|색상 차이": "칩(치핑); 도막 탈락; 이색",
    r"근무조장|메모(?!리)": "조장; 인계·특기 사항",
    r"(?<!\w)(열림|닫힘|취소됨)|저절로|주간": "진행 중, 종결, 취소; 자동 종결; 오전",
    r"해독|파일 머리|검사합 |(?<!체크)포인트": "디코더; 헤더; 체크섬; %p",
    r"동전|몰래|—": "무작위 판정; 감사 기록 없이",
}

# Names, abbreviations and units of the trade, and names that stand in files and commands.
LATIN_WORDS = set(
    re.findall(
        r"\w+",
        """
    AI OK DPU FTT CSV XLSX PDF HTML PNG SVG COCO JSON Lines DEMO SHA SQLite PPV ROC POD AUROC Dice
    EXIF HTTP HTTPS Host OpenCV Laney Holm Wilson Brier Mpx px mm cm kB MB MiB RGB Hub LH RH
    JPEG BMP TIFF WebP WEBP HEIC AVIF GIF raw UTC UTF Enter FCN Net English bilgi severity cardd
    int8 np KMH XML KRW Asia Seoul TOML WAL Python Keras
    """,
    )
)


def prose(text: str) -> str:
    return _NO_PROSE.sub("", text)


@pytest.mark.parametrize("word", NOT_THE_PLANTS_WORDS)
def test_no_text_uses_a_word_that_is_not_the_plants(word):
    said = {key: text for key, text in KOREAN.items() if re.search(word, text)}
    assert said == {}, f"say {NOT_THE_PLANTS_WORDS[word]}"


def test_a_verdict_that_waits_reads_as_one_that_waits():
    assert KOREAN["verdict.human"] == KOREAN["viewer.human"] == "확인 필요"


def test_a_full_disk_never_reads_as_if_nothing_were_stored():
    for key in ("error.disk_full", "error.photos_read_only"):
        assert "저장하지 못했습니다" in KOREAN[key] and "저장된 것이 없" not in KOREAN[key]


def test_no_particle_stands_in_two_forms():
    double = re.compile(r"[을를은는이가과와]\([을를은는이가과와]\)|\(으\)로")
    assert {key: text for key, text in KOREAN.items() if double.search(text)} == {}


def test_every_sentence_ends_with_a_full_stop():
    open_end = re.compile(r"(니다|세요)(\s*\([^()]*\))?[\"”’]?$", re.MULTILINE)
    assert {key: text for key, text in KOREAN.items() if open_end.search(text)} == {}


def test_nobody_is_asked_in_the_plain_or_chatty_style():
    chatty = re.compile(r"(나요|을까요|예요|이에요|해요)\??$|(는|인)다\.")
    assert {key: text for key, text in KOREAN.items() if chatty.search(text)} == {}


def test_no_space_stands_before_a_bracket_or_a_percent_sign():
    loose = re.compile(r"[가-힣\w}%²] (\((?!\d|− |1 −)|%)")
    formulas = ("cost.parts_formula.", "cost.original_sum")
    said = {k: v for k, v in KOREAN.items() if loose.search(v) and not k.startswith(formulas)}
    # "(전체 사진 중 %)" speaks of the sign itself.
    assert said.keys() <= {"curve.to_person"}


def test_a_range_takes_a_tilde_and_a_unit_its_space():
    dash = re.compile(r"[\d}] ?– ?[\d{]")
    tight = re.compile(r"[\d}](mm|px|MB|cm)\b")
    assert {key: text for key, text in KOREAN.items() if dash.search(text)} == {}
    assert {key: text for key, text in KOREAN.items() if tight.search(text)} == {}


def test_a_name_takes_a_space_before_its_title():
    assert [key for key, text in KOREAN.items() if re.search(r"\}님", text)] == []


def test_no_english_word_stands_inside_a_korean_text():
    latin = re.compile(r"(?<![\w./_-])[A-Za-z]{3,}\d?(?![\w./_*-])")
    said = {
        key: strange
        for key, text in KOREAN.items()
        if re.search("[가-힣]", text)
        and (strange := set(latin.findall(prose(text))) - LATIN_WORDS - _SETTINGS)
    }
    assert said == {}


# Names that a text tells the reader to type stand as they are.
_SETTINGS = {"card", "json", "doctor", "site", "demo", "remove", "samples", "again", "another"}


def test_korean_stands_in_the_locales_and_where_korean_is_data():
    data = (
        # Words of other people's label files, and what invented people wrote.
        "models/importers/",
        "inspection/services/demo/",
        # The answer that another vendor's client expects.
        "inspection/api.py",
    )
    code = [
        path
        for folder in ("inspection", "models", "pages")
        for path in (REPOSITORY / folder).rglob("*.py")
    ]
    said = {
        path.relative_to(REPOSITORY).as_posix()
        for path in [*code, REPOSITORY / "app.py"]
        if re.search("[가-힣]", path.read_text(encoding="utf-8"))
    }
    assert [path for path in sorted(said) if not path.startswith(data)] == []
