"""An acceptance spec as a table: TOML to table to TOML gives equal rules."""

import dataclasses
import random

import pytest

from inspection.domain.acceptance_rules import SIZE_OF, SPACING_BASES, Rule, load_spec, parse_spec
from inspection.domain.defects import FAMILY_OF_TYPE, SEVERITIES, ZONE_GRADES
from inspection.domain.panels import PANEL_CODES
from inspection.domain.quality import REPAIRS
from inspection.domain.specs.comparison import Line, compared
from inspection.domain.specs.rows import FIELDS, Head, head_of, rows_of, spec_text
from inspection.errors import SpecError
from tests.domain.spec_cases import DATA, TESLA, VWFS, spec

ODD_NAMES = ("aria", 'b"o\\rea', "차종 7", "tab\tand\nline", "del\x7f", "a\u2028b", "'''")


def some(dice, codes):
    codes = sorted(codes)
    return dice.sample(codes, dice.randint(1, min(3, len(codes))))


def size(dice):
    """Plain sizes, tiny ones and long fractions: all have to come back to the last bit."""
    return dice.choice((0.8, 2, 1e-7, 99999.5, dice.uniform(0.01, 50)))


def random_rule(dice, model):
    """A rule that the parser takes, as the lines of its TOML; its own model keeps it apart."""
    lines = [f"vehicle_models = {dice.choice(('', '  '))}[{model}]"]
    for name, codes in (("panels", PANEL_CODES), ("types", FAMILY_OF_TYPE), ("zones", ZONE_GRADES)):
        if dice.random() < 0.5:
            lines.append(f"{name} = {some(dice, codes)}")
    if dice.random() < 0.5:
        lines.append(f"near_character_line = {dice.choice(('true', 'false'))}")
    kind = dice.choice(("banned", "accepted", "limits", "limits", "limits"))
    if kind == "limits":
        ok, rework = sorted((size(dice), size(dice)))
        which = dice.randint(1, 15)
        if which & 1:
            inside = [f"up_to_mm = {ok!r}", f"inclusive = {dice.choice(('true', 'false'))}"]
            if ok == rework or dice.random() < 0.3:
                inside = [f"up_to_mm = {ok!r}", "inclusive = false"]
            if dice.random() < 0.4:
                inside.append(f'disposition = "{dice.choice(list(REPAIRS))}"')
            lines.append(f"ok = {{ {', '.join(inside)} }}")
        if which & 2:
            flag = dice.choice(("", ", inclusive = true", ", inclusive = false"))
            lines.append(f"rework = {{ from_mm = {rework!r}{flag} }}")
        if which & 4:
            lines.append(f"max_count = {{ count = {dice.randint(0, 9)}, area_mm2 = {size(dice)} }}")
        if which & 8:
            rest = dice.choice(("", f', basis = "{dice.choice(SPACING_BASES)}", inclusive = false'))
            lines.append(f"min_spacing = {{ mm = {size(dice)}{rest} }}")
        if which & 3 and dice.random() < 0.7:
            lines.append(f'size_by = "{dice.choice(sorted(SIZE_OF))}"')
    else:
        lines.append(f"{kind} = true")
    if kind != "accepted" and dice.random() < 0.5:
        lines.append(f'disposition = "{dice.choice(list(REPAIRS))}"')
    if dice.random() < 0.5:
        lines.append(f'severity = "{dice.choice(SEVERITIES)}"')
    return "\n".join(["[[rule]]", *lines])


def random_spec(seed):
    dice = random.Random(seed)
    head = Head(
        name=dice.choice(ODD_NAMES),
        version=str(dice.randint(1, 99)),
        example=dice.random() < 0.5,
        description=dice.choice(("", *ODD_NAMES)),
        measuring_error=dice.choice((0.0, 0.1, dice.uniform(0, 0.5))),
        major_from=dice.uniform(0.1, 1.0),
        critical_from=dice.uniform(1.0, 9.0),
    )
    rules = [random_rule(dice, f'"m{n}"') for n in range(dice.randint(1, 9))]
    return parse_spec(spec_text(head, []) + "\n".join(rules) + "\n", f"seed {seed}")


def as_asked(one):
    """All that a spec asks: every field but its text and the hash of it."""
    return dataclasses.replace(one, text="", sha256="")


def test_two_hundred_random_specs_come_back_from_the_table_with_equal_rules():
    used = set()
    for seed in range(200):
        before = random_spec(seed)
        rows = rows_of(before)
        after = parse_spec(spec_text(head_of(before), rows), f"seed {seed}")
        assert after.rules == before.rules, before.text
        assert as_asked(after) == as_asked(before)
        used |= {name for row in rows for name in FIELDS if row[name] not in (None, [])}
    # Each field of the table was filled in some of them.
    assert used == set(FIELDS)


def test_the_table_holds_every_field_that_a_rule_knows():
    flat = {"near_character_line": "character_line", "banned": "kind", "accepted": "kind"}
    parts = {"number", "ok", "rework", "max_count", "min_spacing"}
    named = {field.name for field in dataclasses.fields(Rule)} - parts
    assert {flat.get(name, name) for name in named} <= set(FIELDS)
    assert set(rows_of(spec(VWFS))[0]) == set(FIELDS)


@pytest.mark.parametrize("name", ["strict_topcoat", "lease_return"])
def test_a_shipped_spec_comes_back_from_the_table(name):
    shipped = load_spec(DATA / "specs" / f"{name}.toml")
    assert as_asked(spec(spec_text(head_of(shipped), rows_of(shipped)))) == as_asked(shipped)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"ok_up_to_mm": None, "ok_disposition": "polish"}, "ok: key .up_to_mm. is missing"),
        ({"kind": "banned"}, "rule 1: a rule must either ban"),
        ({"max_count_area_mm2": None}, "rule 1, max_count: key 'area_mm2' is missing"),
        ({"ok_up_to_mm": 9.0}, "9 mm|2 mm would be both ok"),
        ({"types": ["rust"]}, "rule 1: types = 'rust'"),
        ({"character_line": "maybe"}, "near_character_line = 'maybe'"),
    ],
)  # fmt: skip
def test_a_row_that_asks_the_impossible_is_refused_by_its_number(change, sentence):
    before = spec(VWFS)
    rows = rows_of(before)
    rows[0] = {**rows[0], **change}
    with pytest.raises(SpecError, match=sentence):
        spec(spec_text(head_of(before), rows))


def test_two_rows_that_contradict_each_other_are_refused():
    before = spec(VWFS)
    rows = rows_of(before)
    with pytest.raises(SpecError, match="rules 1 and 3 both hold"):
        spec(spec_text(head_of(before), [*rows, {**rows[0], "ok_up_to_mm": 1.0}]))


def test_two_versions_are_compared_line_by_line():
    before = spec(VWFS)
    after = spec(VWFS.replace("count = 10", "count = 8").replace('version = "1"', 'version = "2"'))
    lines = [line for line in compared(before, after) if line.mark in "+-"]
    assert lines == [
        Line("-", 'version = "1"'),
        Line("+", 'version = "2"'),
        Line("-", "max_count = { count = 10, area_mm2 = 10000.0 }"),
        Line("+", "max_count = { count = 8, area_mm2 = 10000.0 }"),
    ]
    assert [line.mark for line in compared(before, after)].count("…") == 1


def test_comments_are_no_difference():
    assert compared(spec(TESLA), spec("# a note\n" + TESLA)) == ()
