import pytest

from inspection.config import Settings, load_settings
from inspection.services.effective_settings import effective_settings, without_secrets


def by_name(environ):
    settings = load_settings(environ)
    return {setting.name: setting for setting in effective_settings(settings, environ)}


def test_every_setting_is_listed_with_its_variable():
    shown = by_name({})
    assert list(shown) == list(Settings.model_fields)
    assert shown["data_dir"].variable == "INSPECTION_DATA_DIR"
    assert {setting.source for setting in shown.values()} == {"default"}


def test_the_file_is_named_as_source_and_a_variable_wins_over_it(tmp_path, monkeypatch):
    file = tmp_path / "line.toml"
    file.write_text('language = "en"\nlines = ["L7"]\n[station_scales]\nST10 = 0.1\n')
    environ = {"INSPECTION_CONFIG": str(file), "INSPECTION_LANGUAGE": "ko"}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    shown = by_name(environ)
    assert (shown["language"].source, shown["language"].value) == ("variable", "ko")
    assert (shown["lines"].source, shown["lines"].value) == ("file", "L7")
    assert shown["station_scales"].value == "ST10 = 0.1"
    assert shown["timezone"].source == "default"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://lead:geheim@db:5432/paint", "postgresql://lead:…@db:5432/paint"),
        ("postgresql://lead:a@b/c@db/paint?password=geheim", "postgresql://lead:…@db/paint"),
        ("postgresql://db/paint?sslpassword=geheim", "postgresql://db/paint"),
        ("sqlite:////srv/paint/inspection.db", "sqlite:////srv/paint/inspection.db"),
        ("", ""),
    ],
)
def test_a_database_url_never_shows_its_password(url, shown):
    assert without_secrets(url) == shown


def test_a_switch_reads_as_a_settings_file_writes_it():
    assert by_name({})["alert_mail"].value == "false"
