"""The Spec page: rules as a table, what they would change, versions."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import streamlit as st

from inspection.config import Settings
from inspection.domain.specs.rows import rows_of
from inspection.services import station as station_module
from inspection.services.specs import versions
from inspection.ui.spec import table
from tests.ui.conftest import invented, write_inspections


def texts(at) -> str:
    kinds = (at.markdown, at.caption, at.warning, at.error, at.success, at.info, at.code)
    return "\n".join(element.value for kind in kinds for element in kind)


@pytest.fixture
def edit(monkeypatch):
    """`edit(change)`: the next runs see the table as after this change of its frame."""

    def edit(change):
        monkeypatch.setattr(st, "data_editor", lambda frame, **about: change(frame))

    return edit


def accept_all(frame):
    return table.as_frame([{"kind": "accepted"}])


def save(at, reason="agreed with the customer"):
    at.text_area(key="spec_save_reason").set_value(reason)
    return next(one for one in at.button if one.label == "Save version").click().run()


def accept_dialog(at, reason="trial is over"):
    at.text_area(key="spec_change_reason").set_value(reason)
    return at.button(key="spec_confirm").click().run()


def test_the_table_of_every_field_comes_back_as_it_was(shared):
    rows = rows_of(shared.spec)
    assert table.rows_from(table.as_frame(rows)) == rows
    assert table.next_version("1") == "2" and table.next_version("2026.9") == "2026.10"
    assert table.next_version("b") == "b.1"


@pytest.mark.parametrize("lang", ["ko", "en", "de"])
def test_the_spec_in_force_is_shown_with_its_rules_and_nothing_changed(open_page, lang):
    at = open_page("spec", lang=lang)
    assert not at.exception and not at.error
    assert "strict\\_topcoat" in texts(at)
    # The version that the next one gets is the only line that differs.
    assert '- version = "1"\n+ version = "2"' in at.code[0].value


def test_an_edited_table_is_saved_as_a_version_and_put_in_force_and_taken_back(
    open_page, shared, edit
):
    edit(accept_all)
    at = open_page("spec")
    blocks = len(at.main.children)
    at = save(at)
    assert not at.exception
    assert "Saved as no. 1. It is not in force yet." in texts(at)
    # Nothing new stands above the tabs, or the browser would open the first of them again.
    assert len(at.main.children) == blocks
    (version,) = versions.saved(shared)
    assert (version.who, version.reason) == ("Kim", "agreed with the customer")
    assert shared.spec.name == "strict_topcoat" and shared.spec.version == "1"

    at = accept_dialog(at.button(key="spec_activate_1").click().run(), "starts on Monday")
    assert not at.exception
    assert shared.spec.version == "2" and shared.spec.rules[0].accepted
    assert "Put in force by Kim" in texts(at) and "starts on Monday" in texts(at)

    at = accept_dialog(at.button(key="spec_roll_back").click().run())
    assert (shared.spec.version, "is in force again" in texts(at)) == ("1", True)
    assert len(at.table[-1].value) == 2


def test_a_rule_that_cannot_be_is_refused_in_words_and_cannot_be_saved(open_page, shared, edit):
    edit(lambda frame: table.as_frame([{"kind": "accepted"}, {"kind": "banned"}]))
    at = open_page("spec")
    assert not at.exception
    assert "rules 1 and 2 both hold" in at.error[0].value
    assert not [one for one in at.button if one.label == "Save version"]


def test_saving_needs_a_reason(open_page, shared, edit):
    edit(accept_all)
    at = save(open_page("spec"), reason="")
    assert "needs a reason" in at.error[0].value
    assert versions.saved(shared) == ()


def test_what_if_says_in_one_sentence_what_changes_with_links(open_page, shared, edit):
    def now(number, verdict):
        inspection, _ = invented(shared, number, verdict)
        moment = datetime.now(UTC)
        return replace(inspection, inspected_at=moment), shared.calendar.slot_at(moment)

    first, second = write_inspections(shared, now(1, "ok"), now(2, "rework"))
    edit(accept_all)
    at = open_page("spec")
    next(one for one in at.button if one.label == "What if?").click()
    at = at.run()
    assert not at.exception
    sentence = "2 over the last 30 days: OK 50.0% → 100.0%, 1 photo changes (of 2)."
    assert sentence in texts(at)
    cells = at.table[0].value.to_string()
    assert f"[no. {second}](log?id={second}&lang=en)" in cells
    assert f"id={first}&" not in cells

    # German writes a comma; the answer is a sentence, not a figure of the program.
    german = open_page("spec", lang="de")
    next(one for one in german.button if one.label == "Was wäre wenn?").click()
    assert "OK 50,0 % → 100,0 %" in texts(german.run()).replace("\xa0", " ")


def test_a_version_is_compared_line_by_line_with_the_spec_in_force(open_page, shared, edit):
    edit(accept_all)
    at = save(open_page("spec"))
    at = at.toggle(key="spec_compare_1").set_value(True).run()
    assert "+ accepted = true" in at.code[-1].value
    assert "- banned = true" in at.code[-1].value


def test_a_saved_version_can_be_edited_further(open_page, shared, edit):
    edit(accept_all)
    at = save(open_page("spec"))
    edit(lambda frame: frame)
    at = at.selectbox(key="spec_base").set_value(1).run()
    assert not at.exception
    assert '+ version = "3"' in at.code[0].value


def test_a_spec_that_the_settings_name_cannot_be_exchanged_on_the_page(
    open_page, shared, edit, monkeypatch
):
    edit(accept_all)
    copy = shared.spec.text.replace('version = "1"', 'version = "9"', 1)
    versions.save(shared, copy, who="Kim", reason="copy")
    settings = Settings(data_dir=shared.settings.data_dir, spec=shared.settings.spec)
    monkeypatch.setattr(station_module, "_shared", replace(shared, settings=settings))
    at = open_page("spec")
    assert "The settings name this spec" in texts(at)
    assert not [one for one in at.button if (one.key or "").startswith("spec_activate")]


def test_the_zones_of_a_vehicle_model_are_drawn(open_page):
    at = open_page("spec")
    assert at.selectbox(key="spec_zones_model").value == "aria"
    assert "Aria: zones" in [heading.value for heading in at.subheader]
    at.selectbox(key="spec_zones_model").set_value("borea").run()
    assert "Borea: zones" in [heading.value for heading in at.subheader]
