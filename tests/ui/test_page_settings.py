from dataclasses import replace

import pytest

from inspection.config import Settings
from inspection.errors import ModelRefused
from inspection.services import station as station_module
from inspection.services.health import Check
from inspection.ui.settings import parts as settings_views


def cells(at) -> str:
    return "\n".join(table.value.to_string() for table in at.table)


def test_every_setting_stands_with_its_value_and_its_variable(open_page, shared):
    at = open_page("settings")
    assert not at.exception
    table = at.table[-1].value
    assert len(table) == len(Settings.model_fields)
    assert "INSPECTION\\_DATA\\_DIR" in cells(at)
    assert "Asia/Seoul" in cells(at)


def test_a_variable_is_named_as_the_source(open_page, monkeypatch):
    monkeypatch.setenv("INSPECTION_LANGUAGE", "ko")
    rows = open_page("settings").table[-1].value
    language = rows[rows["Setting"] == "Default language"]
    assert list(language["Set by"]) == ["variable"]


def test_a_password_in_the_database_address_is_never_shown(open_page, shared, monkeypatch):
    secret = Settings(database_url="postgresql://lead:geheim@db/paint", data_dir="/srv/paint")
    monkeypatch.setattr(station_module, "_shared", replace(shared, settings=secret))
    at = open_page("settings")
    assert not at.exception
    assert "geheim" not in str(at)
    assert "postgresql://lead:…@db/paint" in cells(at).replace("\\", "").replace(":small[]", "")


def test_database_and_model_stand_at_a_glance(open_page, filled_log):
    shown = "\n".join(element.value for element in open_page("settings").markdown)
    assert "**60**" in shown
    assert "**SQLite (file)**" in shown
    assert "**fake · in use**" in shown


@pytest.mark.parametrize(
    ("model_passes", "headline"),
    [(True, "All 2 checks passed."), (False, "Checks that failed: 1.")],
)
def test_the_check_runs_when_it_is_asked_for(open_page, monkeypatch, model_passes, headline):
    asked, changed = [], ModelRefused("unet.bin: changed; restore the folder")

    def look(settings, *, worker):
        asked.append(worker)
        return (
            Check("database", "whole"),
            Check("model", "whole" if model_passes else changed),
        )

    monkeypatch.setattr(settings_views, "check_installation", look)
    at = open_page("settings")
    assert asked == []
    at.button(key="check_now").click().run()
    assert len(asked) == 1
    shown = [*at.success, *at.error]
    assert shown[0].value.startswith(headline)
    failed = [] if model_passes else ["unet.bin: changed; restore the folder"]
    assert [text.value for text in at.text] == failed
    icon = ":material/check_circle:" if model_passes else ":material/error:"
    assert any(element.value.startswith(f"{icon} **Model**") for element in at.markdown)


@pytest.mark.parametrize(("code", "title"), [("ko", "설정"), ("de", "Einstellungen")])
def test_the_language_button_changes_the_language_of_the_tab(open_page, code, title):
    at = open_page("settings")
    offered = [button.label for button in at.button if (button.key or "").startswith("speak_")]
    assert offered == ["한국어", "English", "Deutsch"]
    at.button(key=f"speak_{code}").click().run()
    assert at.title[0].value == title
    assert at.session_state["language"] == code


def test_an_example_spec_is_called_an_example(open_page):
    assert any("example" in warning.value for warning in open_page("settings").warning)


def test_the_code_for_tablets_opens_the_address_of_the_settings(open_page, shared, monkeypatch):
    assert "This computer alone" in open_page("settings").info[0].value
    served = Settings(site_url="https://line3.plant", data_dir=shared.settings.data_dir)
    monkeypatch.setattr(station_module, "_shared", replace(shared, settings=served))
    at = open_page("settings")
    assert at.code[0].value == "https://line3.plant"
    assert not at.exception
    (code,) = [part.value for part in at.html if "<img" in part.value]
    assert 'alt="QR: https://line3.plant"' in code
