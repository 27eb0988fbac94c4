import pytest

from inspection.config import load_settings
from inspection.errors import SettingsError


def test_defaults_hold_without_a_file_or_a_variable():
    settings = load_settings({})
    assert settings.language == "ko"
    assert settings.url.startswith("sqlite:///")
    assert [shift.code for shift in settings.calendar().shifts] == ["day", "evening", "night"]


def test_a_variable_beats_the_file_and_the_file_beats_the_default(tmp_path, monkeypatch):
    config = tmp_path / "line.toml"
    config.write_text('language = "en"\nmodel = "from-file"\n', encoding="utf-8")
    monkeypatch.setenv("INSPECTION_CONFIG", str(config))
    monkeypatch.setenv("INSPECTION_MODEL", "from-variable")
    settings = load_settings()
    assert settings.language == "en"
    assert settings.model == "from-variable"


def test_a_table_in_a_variable_stands_for_the_whole_table_of_the_file(tmp_path, monkeypatch):
    config = tmp_path / "line.toml"
    config.write_text('[shifts]\nday = "06:00"\nnight = "18:00"\n', encoding="utf-8")
    monkeypatch.setenv("INSPECTION_CONFIG", str(config))
    monkeypatch.setenv("INSPECTION_SHIFTS", '{"day": "07:00"}')
    assert load_settings().shifts == {"day": "07:00"}


def test_an_unknown_key_is_refused_with_the_list_of_known_ones(tmp_path, monkeypatch):
    config = tmp_path / "line.toml"
    config.write_text("langauge = 'en'\n", encoding="utf-8")
    with pytest.raises(
        SettingsError, match=r"'langauge' is unknown; known settings are .*language"
    ):
        load_settings({"INSPECTION_CONFIG": str(config)})
    monkeypatch.setenv("INSPECTION_DATADIR", "/tmp")
    with pytest.raises(SettingsError, match="'datadir' is unknown"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("INSPECTION_LANGUAGE", "fr", "language.*fr.*must be one of ko, en, de"),
        ("INSPECTION_MAIL_SECURITY", "ssl", "mail_security.*ssl.*one of starttls, tls, none"),
        ("INSPECTION_ALERT_LIMITS", "wide", "alert_limits.*wide.*must be one of plain, laney"),
        ("INSPECTION_ALERT_RULES", '["nine"]', "alert_rules.*nine.*must be some of beyond_limit,"),
        ("INSPECTION_MAX_UPLOAD_MB", "500", "max_upload_mb.*500"),
        ("INSPECTION_STATION_SCALES", '{"ST10": -1}', "station_scales.*ST10"),
        ("INSPECTION_SHIFTS", "not json", "cannot be read"),
        ("INSPECTION_FIRST_DAY", "3000-01-01", "first_day.*3000-01-01.*future.*give the first day"),
    ],
)
def test_an_impossible_value_is_named(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=said):
        load_settings()


@pytest.mark.parametrize(
    "variables",
    [
        {"INSPECTION_TIMEZONE": "Asia/Atlantis"},
        {"INSPECTION_SHIFTS": '{"day": "25:00"}'},
        {"INSPECTION_SHIFTS": "{}"},
    ],
)
def test_an_impossible_calendar_is_named_when_it_is_asked_for(monkeypatch, variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match="shifts"):
        load_settings().calendar()


def test_a_missing_or_broken_settings_file_is_one_sentence(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings({"INSPECTION_CONFIG": str(tmp_path / "none.toml")})
    broken = tmp_path / "broken.toml"
    broken.write_text("language = ", encoding="utf-8")
    with pytest.raises(SettingsError, match="not a TOML file"):
        load_settings({"INSPECTION_CONFIG": str(broken)})


@pytest.mark.parametrize(
    "address",
    [
        "hooks.example/T0/secret",
        "https://",
        "https://hooks.example:secret/T0",
        "https://hooks.example/T0 /secret",
        "https://[hooks.example/secret",
    ],
)
def test_a_webhook_that_is_no_address_is_refused_without_telling_it(monkeypatch, address):
    monkeypatch.setenv("INSPECTION_ALERT_WEBHOOK", address)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert "'alert_webhook' is not possible: " in str(refused.value)
    assert "secret" not in str(refused.value) and "hooks" not in str(refused.value)


def test_the_server_is_reached_by_this_machines_own_names_and_by_that_of_its_links(monkeypatch):
    assert load_settings({}).hosts == ("127.0.0.1", "localhost", "::1")
    monkeypatch.setenv("INSPECTION_SITE_URL", "https://QA.plant.example:8443/line")
    assert load_settings().hosts == ("127.0.0.1", "localhost", "::1", "qa.plant.example")
    monkeypatch.setenv("INSPECTION_ALLOWED_HOSTS", '["QA.plant.example.", "[::1]", "10.0.0.7"]')
    assert load_settings().hosts == ("qa.plant.example", "::1", "10.0.0.7")


def test_hosts_may_be_typed_with_commas_between(monkeypatch):
    monkeypatch.setenv("INSPECTION_ALLOWED_HOSTS", "line3.plant, 192.0.2.7")
    assert load_settings().hosts == ("line3.plant", "192.0.2.7")
    monkeypatch.setenv("INSPECTION_ALLOWED_HOSTS", '["line3.plant"')
    with pytest.raises(SettingsError, match="allowed_hosts"):
        load_settings()


@pytest.mark.parametrize(
    "hosts", ["[]", "", "*", "qa:8501,b", '["*"]', '["http://qa"]', '["qa:8501"]', '["qa/x"]']
)
def test_a_host_that_would_open_the_door_to_all_is_refused(monkeypatch, hosts):
    monkeypatch.setenv("INSPECTION_ALLOWED_HOSTS", hosts)
    with pytest.raises(SettingsError, match=r"'allowed_hosts'.*without scheme and port"):
        load_settings()
