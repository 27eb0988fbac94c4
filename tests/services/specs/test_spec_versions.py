"""The acceptance spec as people change it: saved, put in force, rolled back."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from inspection.config import Settings
from inspection.domain.inspections import Subject
from inspection.errors import Conflict, DecisionRefused, NotFound, SpecError, StorageError
from inspection.i18n import LANGUAGES, error_sentence, translator
from inspection.services.active_spec import FollowedSpec, served_spec
from inspection.services.photo.inspecting import inspect_photo
from inspection.services.specs import versions
from inspection.storage import log_detail
from inspection.storage.audit import verify_chain
from inspection.storage.database import looking, writing
from tests.conftest import panel_jpeg

BY_KIM = {"who": "Kim", "reason": "agreed with the customer"}


def of(version="1", limit=2.0, name="door_contract"):
    return (
        f'name = "{name}"\nversion = "{version}"\n'
        f'[[rule]]\nok = {{ up_to_mm = {limit} }}\nrework = {{ from_mm = {limit} }}\n'
    )  # fmt: skip


def save(station, text, **about):
    return versions.save(station, text, **{**BY_KIM, **about})


def test_a_saved_version_is_read_back_with_who_when_and_why_and_is_not_in_force(station):
    assert save(station, of()) == 1
    (saved,) = versions.saved(station)
    assert (saved.number, saved.name, saved.who) == (1, "door_contract", "Kim")
    assert saved.reason == "agreed with the customer" and saved.at.tzinfo is not None
    assert saved.text == of()
    assert station.spec.name == "strict_topcoat"
    assert versions.read(station, 1).rules[0].ok.mm == 2.0
    assert verify_chain(station.engine).is_whole


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name = ", "spec: this is not a TOML file"),
        (of() + "[[rule]]\nbanned = true\n", "door_contract: rules 1 and 2 both hold"),
        (of(limit=-1), "door_contract, rule 1, ok: up_to_mm"),
    ],
)
def test_what_is_no_spec_is_refused_in_words_and_not_saved(station, text, sentence):
    with pytest.raises(SpecError, match=sentence):
        save(station, text)
    assert versions.saved(station) == ()


def test_saving_needs_a_name_and_a_reason(station):
    for missing in ({"who": " "}, {"reason": " \n"}):
        with pytest.raises(DecisionRefused):
            save(station, of(), **missing)


def test_one_text_is_one_version_and_one_name_and_version_is_one_text(station):
    save(station, of())
    with pytest.raises(SpecError, match=r"saved already as no\. 1"):
        save(station, of())
    with pytest.raises(SpecError, match="door_contract 1 is another spec already"):
        save(station, of(limit=3.0))
    with pytest.raises(SpecError, match="strict_topcoat 1 is another spec already"):
        save(station, of(name="strict_topcoat"))
    assert save(station, of("2", 3.0)) == 2


def test_the_last_version_put_in_force_judges_and_is_named_by_the_record(station):
    save(station, of())
    versions.activate(station, 1, **BY_KIM)
    assert station.spec.text == of()
    inspected = inspect_photo(station, panel_jpeg(), "a.jpg", Subject(), mm_per_px=0.5)
    detail = log_detail.inspection_detail(station.engine, inspected.id)
    assert detail.inspection.spec_name == "door_contract"
    assert log_detail.spec_text(station.engine, detail.inspection.spec_sha256) == of()


def test_another_process_follows_the_change(station):
    other = FollowedSpec(station.settings, station.engine)
    assert other().name == "strict_topcoat"
    save(station, of())
    versions.activate(station, 1, **BY_KIM)
    assert other().name == "door_contract"
    assert served_spec(station.settings).name == "door_contract"


def test_rolling_back_goes_further_back_each_time_up_to_the_default(station):
    default = station.spec
    assert versions.roll_back_target(station) is None
    with pytest.raises(SpecError, match="no spec was in force before"):
        versions.roll_back(station, **BY_KIM)
    for version in ("1", "2"):
        versions.activate(station, save(station, of(version, float(version))), **BY_KIM)
    assert station.spec.version == "2"
    assert versions.roll_back(station, **BY_KIM).version == "1"
    assert station.spec.version == "1"
    assert versions.roll_back(station, **BY_KIM).name == "strict_topcoat"
    assert (station.spec.text, versions.roll_back_target(station)) == (default.text, None)
    lines = versions.history(station)
    assert [line.change.spec.version for line in lines] == ["1", "1", "2", "1"]
    assert lines[0].until is None and lines[1].until == lines[0].change.at
    assert verify_chain(station.engine).is_whole


def test_what_was_in_force_comes_back_as_it_was_though_its_file_has_changed(station, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(of(name="own"), encoding="utf-8")
    settings = station.settings.model_copy(update={"spec": own})
    # The program's default, which nobody has named.
    settings.model_fields_set.discard("spec")
    plant = replace(station, spec_in_force=FollowedSpec(settings, station.engine))
    versions.activate(plant, save(plant, of()), **BY_KIM)
    own.write_text(of(limit=9.0, name="own"), encoding="utf-8")
    versions.roll_back(plant, **BY_KIM)
    again = FollowedSpec(settings, station.engine)
    assert again().text == of(name="own")


def test_a_spec_that_the_settings_name_holds_whatever_the_log_says(station):
    save(station, of())
    versions.activate(station, 1, **BY_KIM)
    named = Settings(data_dir=station.settings.data_dir, spec=station.settings.spec)
    pinned = replace(station, settings=named, spec_in_force=FollowedSpec(named, station.engine))
    assert pinned.spec.name == "strict_topcoat"
    for change in (lambda: versions.activate(pinned, 1, **BY_KIM),
                   lambda: versions.roll_back(pinned, **BY_KIM)):  # fmt: skip
        with pytest.raises(SpecError, match="take INSPECTION_SPEC away"):
            change()
    assert versions.roll_back_target(pinned) is None


def test_activating_refuses_what_holds_already_what_is_not_there_and_what_came_between(
    station, monkeypatch
):
    save(station, of())
    with pytest.raises(NotFound, match=r"no saved spec no\. 7"):
        versions.activate(station, 7, **BY_KIM)
    with pytest.raises(DecisionRefused, match="needs a reason"):
        versions.activate(station, 1, who="Kim", reason="")
    versions.activate(station, 1, **BY_KIM)
    with pytest.raises(SpecError, match="door_contract 1 is in force already"):
        versions.activate(station, 1, **BY_KIM)
    save(station, of("2", 3.0))
    monkeypatch.setattr(versions.versions, "last_change", lambda engine: None)
    with pytest.raises(Conflict, match="door_contract 1 was put in force by Kim"):
        versions.activate(station, 2, who="Lee", reason="stricter")


def test_a_text_that_was_changed_in_the_database_judges_nothing(station):
    save(station, of())
    versions.activate(station, 1, **BY_KIM)
    with writing(station.engine) as connection:
        connection.execute(text("UPDATE spec SET text = 'x' WHERE name = 'door_contract'"))
    with pytest.raises(StorageError, match="is gone from the log or damaged") as refusal:
        _ = FollowedSpec(station.settings, station.engine)()
    told = {error_sentence(translator(language), refusal.value) for language in LANGUAGES}
    assert len(told) == len(LANGUAGES)


def test_a_version_is_append_only(station):
    save(station, of())
    for change in ("UPDATE spec_version SET who = 'Lee'", "DELETE FROM spec_version"):
        with pytest.raises(StorageError), writing(station.engine) as connection:
            connection.execute(text(change))
    with looking(station.engine) as connection:
        assert connection.scalar(text("SELECT who FROM spec_version")) == "Kim"
