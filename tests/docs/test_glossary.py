"""`docs/glossary.md` is the one table of codes and words, and it says what the pages say."""

import re
from pathlib import Path

import pytest

from inspection.domain.acceptance import REASONS
from inspection.domain.chart_choice import CATEGORIES, NOTE_KINDS, POINTS, SPLITS
from inspection.domain.cost import INPUTS
from inspection.domain.counting_words import LEFT_OUT, SCALE_CORRECTED, WORDS
from inspection.domain.defects import FAMILY_OF_TYPE, SEVERITIES
from inspection.domain.inspections import DISPOSITIONS, VERDICTS
from inspection.domain.paint_colour import PAINT_COLOURS
from inspection.domain.panels import PANEL_CODES
from inspection.domain.repeat_cases import CASE_STATES
from inspection.domain.run_rules import RULES
from inspection.domain.scale import SCALE_SOURCES
from inspection.domain.spc import KINDS, RARE_KINDS
from inspection.i18n import LANGUAGES, texts

GLOSSARY = Path(__file__).resolve().parents[2] / "docs" / "glossary.md"

# Each enumeration by the section of the locales that words it.
CODES = {
    "defect": FAMILY_OF_TYPE,
    "severity": SEVERITIES,
    "verdict": VERDICTS,
    "disposition": DISPOSITIONS,
    "standing_word": ("ok", "rework", "undecided"),
    "reason": REASONS,
    "decide.quick": (),
    "quality_problem": (),
    "scale_source": SCALE_SOURCES,
    "left_out": (*LEFT_OUT, SCALE_CORRECTED),
    "audit_event": WORDS,
    "control": (
        *(f"kind_{code}" for code in (*KINDS, *RARE_KINDS)),
        *(f"points_{code}" for code in POINTS),
        *(f"split_{code}" for code in SPLITS),
        *(f"do_{code}" for code in NOTE_KINDS),
        *(f"category_{code}" for code in CATEGORIES),
    ),
    "report.rule": RULES,
    "report.state": (),
    "body.state": CASE_STATES,
    "cost.input": INPUTS,
    "panel": PANEL_CODES,
    "colour": (),
    "curve.colour": PAINT_COLOURS,
    "shift": (),
}


def required() -> list[str]:
    """Every key that the glossary holds; a section without an enumeration is there as a whole."""
    known = texts(LANGUAGES[0])
    return [
        key
        for section, codes in CODES.items()
        for key in (
            [f"{section}.{code}" for code in codes]
            or [key for key in known if key.rpartition(".")[0] == section]
        )
    ]


def row(key: str) -> str:
    """The line that the glossary has to hold for a key."""
    words = (texts(language)[key].replace("|", r"\|") for language in LANGUAGES)
    return f"| `{key}` | {' | '.join(words)} |"


def rows() -> dict[str, str]:
    lines = GLOSSARY.read_text(encoding="utf-8").splitlines()
    return {found[1]: line for line in lines if (found := re.match(r"\| `([a-z0-9_.]+)` \|", line))}


@pytest.mark.parametrize("section", CODES)
def test_every_code_stands_in_the_glossary_with_the_words_of_the_pages(section):
    keys = [key for key in required() if key.rpartition(".")[0] == section]
    assert keys
    known = rows()
    wrong = [row(key) for key in keys if known.get(key) != row(key)]
    assert wrong == [], "put these lines into docs/glossary.md"


def test_the_glossary_holds_no_code_that_is_gone():
    assert sorted(rows().keys() - set(required())) == []


def test_no_text_points_at_a_document_that_is_not_here():
    repository = GLOSSARY.parents[1]
    named = re.compile(r"\b(?:docs/)?([a-z_]+\.md)\b")
    files = [
        path
        for folder in ("inspection", "models", "pages", "tests", "docs")
        for path in (repository / folder).rglob("*")
        if path.suffix in (".py", ".md", ".toml") and path.is_file()
    ]
    here = {path.name for path in repository.glob("**/*.md") if ".venv" not in path.parts}
    # What commands write.
    here |= {"report.md", "comparison.md"}
    missing = {
        f"{path.relative_to(repository)}: {name}"
        for path in files
        for name in named.findall(path.read_text(encoding="utf-8"))
        if name not in here
    }
    assert missing == set()
