"""The one settings mechanism: defaults, then a TOML file, then INSPECTION_* variables.

Panels, zones and acceptance specs are data, not settings.
"""

import ipaddress
import json
import os
import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from inspection.domain.clocks import FIRST_DAY
from inspection.domain.run_rules import RULES
from inspection.domain.shifts import VISIT_PAUSE, PlantCalendar, ShiftTime
from inspection.errors import SettingsError
from inspection.i18n import LANGUAGES

REPOSITORY = Path(__file__).resolve().parent.parent

# Told by no sentence: whoever reads them may write into a chat, a mailbox or the log.
_SECRETS = {"alert_webhook", "cameras", "database_url", "mail_password"}
# What the plant's names of photo files may say, and what stands for a part that says nothing.
NAME_FIELDS = ("line", "station", "body", "panel", "model", "colour")
NAME_REST = "any"
_MOST_NAME_RESTS = 2
_NAME_PART = re.compile(r"\{([^{}]*)\}")
_HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")

_CAMERA_NAME = re.compile(r"\w[\w -]{0,39}")
_CAMERA_SCHEMES = ("http", "https", "rtsp", "rtsps")


def _one_of(*words: str) -> AfterValidator:
    """One of these words; what else is written is refused in a sentence that names them all."""

    def known(value: str) -> str:
        if value not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return value

    return AfterValidator(known)


def _some_of(*words: str) -> AfterValidator:
    """Any of these words, or none, in the order in which they are written."""

    def known(value: tuple[str, ...]) -> tuple[str, ...]:
        if set(value) - set(words):
            raise ValueError(f"must be some of {', '.join(words)}")
        return value

    return AfterValidator(known)


class HotFolderSettings(BaseModel):
    """A folder whose photos are inspected as they arrive.

    The fields of its station stand on every record; mm_per_px: None = what is known of the
    station. settle_seconds: how long nothing about a file may change before it is taken;
    every_seconds: how often the folder is looked through.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path
    station: str = ""
    line: str = ""
    vehicle_model: str = ""
    panel: str = ""
    colour: str = ""
    mm_per_px: float | None = Field(None, gt=0, lt=100)
    settle_seconds: float = Field(2.0, ge=0.1, le=600)
    every_seconds: float = Field(2.0, ge=0.1, le=600)


class Settings(BaseSettings):
    """Where things live and how the line works. Frozen; made by `load_settings`.

    data_dir: database, photos and probability maps. database_url: empty = SQLite in data_dir.
    model: name of a model folder. Where neither file nor variable names it, the model desk's last
    switch wins over this default; the rule stands in `inspection.services.active_model`.
    spec: as with the model, the version last put in force wins over the default
    (`inspection.services.active_spec`).
    photo_folders: folders that may be browsed from the Inspect page, by the name shown there.
    hot_folders: folders whose photos are inspected as they arrive, by the name shown to people.
    cameras: addresses (http, https, rtsp) of cameras in the plant's network by their name;
    camera_seconds: how long one may take to answer.
    shifts: code and local start of each shift ("day" = "06:00"); the plant's zone is `timezone`.
    station_scales: mm per px of fixed stations by station code.
    photo_name_pattern: what the names of photo files say, such as "{line}_{body}_{panel}"; ""
    = nothing. Its parts are those of NAME_FIELDS, and {any} for one that says nothing, twice at
    most.
    first_day: no photo was taken before it; an earlier date is a wrong clock (`domain.clocks`).
    visit_minutes: photos of a body at one station, no longer apart than that, are one visit; it
    belongs to the shift of its first photo.
    audit_share: share of the OK photos (0–1) that the Review page shows at random.
    currency: ISO 4217 code of the amounts on the Cost page.
    decode_seconds, worker_memory_mb: limits of the decode and inference process.
    mail_host: server that takes our mail; "" = no mail is ever sent. mail_security: "starttls",
    "tls" or "none"; mail_user "" = without a login. mail_to: who gets reports and alerts.
    alert_rules: run rules of control charts that raise an alert. alert_limits: "plain", or
    "laney" for lines whose batches differ. alert_mail: whether alerts go to `mail_to` as well.
    alert_webhook: where alerts are posted as JSON; "" = nowhere. site_url: address of this
    dashboard for links in messages, "" = no links.
    allowed_hosts: every name and address by which people reach the server, without scheme and
    port; others are refused. Left alone, the host of site_url counts as well. A variable may
    name them with commas between.
    upload_queue_mb: photos on their way through the server at once, beyond which it asks to come
    again. session_upload_mb: photos that one browser tab may have waiting in memory. waiting_mb:
    photos that were set aside and that nobody has begun with, of all devices together.
    """

    model_config = SettingsConfigDict(
        env_prefix="INSPECTION_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
    )

    data_dir: Path = REPOSITORY / "data" / "local"
    database_url: str = ""
    model: str = "lite0-unet"
    models_dir: Path = REPOSITORY / "models" / "weights"
    spec: Path = REPOSITORY / "data" / "specs" / "strict_topcoat.toml"
    bodies_dir: Path = REPOSITORY / "data" / "bodies"
    photo_folders: dict[str, Path] = Field(
        default_factory=lambda: {"samples": REPOSITORY / "data" / "samples"}
    )
    hot_folders: dict[str, HotFolderSettings] = Field(default_factory=dict)
    cameras: dict[str, SecretStr] = Field(default_factory=dict)
    camera_seconds: float = Field(8.0, ge=1, le=60)
    timezone: str = "Asia/Seoul"
    shifts: dict[str, str] = Field(
        default_factory=lambda: {"day": "06:00", "evening": "14:00", "night": "22:00"}
    )
    lines: tuple[str, ...] = ("L1", "L2")
    stations: tuple[str, ...] = ("ST10", "ST20", "ST30")
    station_scales: dict[str, float] = Field(default_factory=dict)
    photo_name_pattern: str = Field("", max_length=200)
    first_day: date = FIRST_DAY
    visit_minutes: float = Field(VISIT_PAUSE / timedelta(minutes=1), ge=0, le=480)
    audit_share: float = Field(0.02, ge=0, le=1)
    language: Annotated[str, _one_of(*LANGUAGES)] = "ko"
    currency: str = Field("KRW", pattern=r"^[A-Z]{3}$")
    max_upload_mb: int = Field(50, ge=1, le=50)
    decode_seconds: float = Field(5.0, gt=0)
    worker_memory_mb: int = Field(6144, ge=1024)
    mail_host: str = ""
    mail_port: int = Field(587, ge=1, le=65535)
    mail_security: Annotated[str, _one_of("starttls", "tls", "none")] = "starttls"
    mail_user: str = ""
    mail_password: SecretStr = SecretStr("")
    mail_from: str = ""
    mail_to: tuple[str, ...] = ()
    alert_rules: Annotated[tuple[str, ...], _some_of(*RULES)] = RULES
    alert_limits: Annotated[str, _one_of("plain", "laney")] = "plain"
    alert_mail: bool = False
    alert_webhook: SecretStr = SecretStr("")
    site_url: str = ""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ("127.0.0.1", "localhost", "::1")
    upload_queue_mb: int = Field(400, ge=50)
    session_upload_mb: int = Field(1000, ge=50)
    waiting_mb: int = Field(2000, ge=50)

    @field_validator("first_day")
    @classmethod
    def _begun_day(cls, value: date) -> date:
        # The plant's zone may be ahead of UTC by most of a day.
        if value > (datetime.now(UTC) + timedelta(hours=14)).date():
            raise ValueError(
                "it lies in the future, so that every photo would have a wrong clock; give the "
                "first day on which the line worked, such as 2019-03-01"
            )
        return value

    @field_validator("photo_name_pattern")
    @classmethod
    def _readable_names(cls, value: str) -> str:
        parts = _NAME_PART.findall(value)
        said = [part for part in parts if part != NAME_REST]
        left = _NAME_PART.sub("", value)
        is_clear = said and len(set(said)) == len(said) and set(said) <= set(NAME_FIELDS)
        # Every part that takes anything multiplies the time for a name that does not fit.
        is_quick = parts.count(NAME_REST) <= _MOST_NAME_RESTS
        if value and (not (is_clear and is_quick) or "}{" in value or set("{}/\\") & set(left)):
            raise ValueError(
                "must be the name of a photo file without its ending, with each of "
                + ", ".join(f"{{{name}}}" for name in NAME_FIELDS)
                + " at most once, {any} at most twice for the rest and a letter or sign between "
                'two of them, such as "{line}_{body}_{panel}"'
            )
        return value

    @field_validator("site_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        try:
            address = urlsplit(value)
            # Reading the port refuses one that is no number.
            is_whole = bool(address.hostname) or not value
            _ = address.port
        except ValueError:
            is_whole = False
        if not is_whole or re.search(r"[\s\x00-\x1f\x7f]", value):
            raise ValueError("must be a whole address such as https://name.example/path")
        return value.rstrip("/")

    @field_validator("alert_webhook")
    @classmethod
    def _secret_web_address(cls, value: SecretStr) -> SecretStr:
        # Whoever knows the address of a chat's webhook may write there: it is kept as a secret.
        return SecretStr(cls._web_address(value.get_secret_value()))

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _listed_hosts(cls, value: object) -> object:
        # A variable says them as JSON, as every list, or with commas, as a person types them.
        if not isinstance(value, str):
            return value
        return json.loads(value) if value.lstrip().startswith("[") else tuple(value.split(","))

    @field_validator("allowed_hosts")
    @classmethod
    def _known_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        hosts = tuple(dict.fromkeys(host for host in map(host_name, value) if host))
        if None in map(host_name, value) or not hosts:
            raise ValueError(
                "must be names and addresses without scheme and port, such as "
                '["127.0.0.1", "localhost", "qa.plant.example"]'
            )
        return hosts

    @field_validator("cameras")
    @classmethod
    def _camera_addresses(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        # The address may hold a password: no sentence repeats it.
        for name, address in value.items():
            if not _CAMERA_NAME.fullmatch(name):
                raise ValueError("a camera's name has at most 40 letters, digits, spaces, - and _")
            try:
                parts = urlsplit(address.get_secret_value())
                is_whole = parts.scheme in _CAMERA_SCHEMES and bool(parts.hostname)
                _ = parts.port
            except ValueError:
                is_whole = False
            if not is_whole:
                raise ValueError(
                    f"{name}: must be a whole address such as http://192.0.2.7/snapshot.jpg or "
                    "rtsp://192.0.2.7/stream"
                )
        return value

    @field_validator("station_scales")
    @classmethod
    def _positive_scales(cls, value: dict[str, float]) -> dict[str, float]:
        for station, mm_per_px in value.items():
            if not 0 < mm_per_px < 100:
                raise ValueError(f"{station}: mm per px must lie between 0 and 100")
        return value

    @property
    def url(self) -> str:
        """Address of the log's database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'inspection.db'}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names and addresses by which the server may be reached."""
        own = host_name(urlsplit(self.site_url).hostname or "")
        if own is None or own in self.allowed_hosts or "allowed_hosts" in self.model_fields_set:
            return self.allowed_hosts
        return (*self.allowed_hosts, own)

    @property
    def visit_pause(self) -> timedelta:
        """The longest pause between two photos of one visit."""
        return timedelta(minutes=self.visit_minutes)

    @property
    def photos_dir(self) -> Path:
        return self.data_dir / "photos"

    @property
    def model_folder(self) -> Path:
        return self.models_dir / self.model

    def calendar(self) -> PlantCalendar:
        """The plant's shifts in its own time zone."""
        try:
            starts = tuple(
                ShiftTime(code, time.fromisoformat(start)) for code, start in self.shifts.items()
            )
            return PlantCalendar(self.timezone, starts)
        except ValueError as error:
            raise SettingsError(
                "settings_shifts", shifts=self.shifts, timezone=self.timezone, why=error
            ) from None


def host_name(text: str) -> str | None:
    """A host's name or address as it is compared; None where it is none.

    In lower case, without a last dot, an address of IPv6 in its short form and without brackets.
    """
    name = text.strip().lower().removesuffix(".")
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name if len(name) < 254 and _HOST_NAME.fullmatch(name) else None


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Defaults, then the TOML file named by INSPECTION_CONFIG, then INSPECTION_* variables.

    Raises SettingsError naming the unknown key or the impossible value and the known keys.
    """
    known = sorted(Settings.model_fields)
    from_file: dict[str, Any] = {}
    config = environ.get("INSPECTION_CONFIG")
    if config:
        from_file = _read_toml(Path(config))
    variables = {
        name.removeprefix("INSPECTION_").lower(): value
        for name, value in environ.items()
        if name.startswith("INSPECTION_") and name != "INSPECTION_CONFIG"
    }
    for name in [*from_file, *(variable.split("__")[0] for variable in variables)]:
        if name not in Settings.model_fields:
            raise SettingsError("settings_unknown", name=name, known=known)
    # The variables win: pydantic reads them itself, so only what they leave open is passed in.
    spoken_for = {variable.split("__")[0] for variable in variables}
    open_keys = {name: value for name, value in from_file.items() if name not in spoken_for}
    try:
        return Settings(**open_keys)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        given = "" if name.split(".")[0] in _SECRETS else f" = {first.get('input')!r}"
        raise SettingsError(
            "settings_impossible", name=name, given=given, why=first["msg"]
        ) from None
    except ValueError as error:
        # pydantic-settings reports an unparsable variable this way.
        raise SettingsError("settings_variable", why=error) from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError("settings_file_unreadable", file=path, why=error.strerror) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError("settings_not_toml", file=path, why=error) from None
