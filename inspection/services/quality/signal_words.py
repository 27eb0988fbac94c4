"""Control charts and their signals in words: the same on pages, in messages and in reports."""

from datetime import UTC, date, datetime
from urllib.parse import urlencode

from inspection.domain.chart_choice import ChartChoice
from inspection.domain.inspections import UNKNOWN
from inspection.domain.panels import BodyCatalogue
from inspection.errors import NotFound
from inspection.i18n import Translate
from inspection.services.quality.control_charts import ChartSignal
from inspection.services.words import word

# Splits whose subjects are codes with words in the texts.
_WORDS_OF_SPLIT = {"panel": "panel", "type": "defect", "colour": "colour"}


def subject_name(t: Translate, bodies: BodyCatalogue, split: str, subject: str) -> str:
    """The subject of a chart: a model's name, a panel's word, an inspector as written."""
    if subject == UNKNOWN:
        return t("common.unknown")
    if split == "vehicle_model":
        try:
            return bodies.model(subject).name
        except NotFound:
            return subject
    if split in _WORDS_OF_SPLIT:
        return word(t, _WORDS_OF_SPLIT[split], subject)
    return subject


def chart_name(t: Translate, bodies: BodyCatalogue, chart: ChartChoice) -> str:
    """ "u chart by day, vehicle model Aria"."""
    by = t(f"control.by_{chart.points}", n=chart.bodies)
    if not chart.split:
        return t("control.name_all", kind=chart.kind, by=by)
    return t(
        "control.name",
        kind=chart.kind,
        by=by,
        split=t(f"control.split_{chart.split}"),
        subject=subject_name(t, bodies, chart.split, chart.subject),
    )


def value_text(t: Translate, kind: str, value: float) -> str:
    """A value of a chart's axis with its unit: "0.84", "32.1 %", "12 bodies", "31 defects"."""
    if kind == "p":
        return t("control.value_p", value=t.percent(value))
    return t(
        f"control.value_{kind}", value=t.number(value, 2) if kind == "u" else t.digits(value, ".3g")
    )


def point_name(t: Translate, points: str, day: date, shift: str = "") -> str:
    """A point by its production day: "2026-11-11", "2026-11-11 day shift", "week of …"."""
    if points == "week":
        return t("control.week_of", day=day)
    return f"{day} {word(t, 'shift', shift)}" if shift else f"{day}"


def signal_sentence(t: Translate, signal: ChartSignal) -> str:
    """Which rule holds, since when, and the value against its bound."""
    side = "above" if signal.above else "below"
    since = point_name(t, signal.chart.points, signal.began_day)
    return t(
        f"control.{signal.rule}_{side}",
        when=point_name(t, signal.chart.points, signal.first_day, signal.first_shift),
        since=since,
        value=value_text(t, signal.chart.kind, signal.value),
        bound=value_text(t, signal.chart.kind, signal.bound),
        points=signal.points,
    )


def point_key(first_at: datetime) -> str:
    """A point's name in the address: the beginning of its time, "20261111T210000Z"."""
    return first_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def chart_address(
    chart: ChartChoice, first_day: date | None = None, last_day: date | None = None
) -> dict[str, str]:
    """The chart as parameters of the Control charts page's address."""
    parameters = {
        "kind": "" if chart.kind == "u" else chart.kind,
        "points": "" if chart.points == "day" else chart.points,
        "bodies": str(chart.bodies or ""),
        "split": chart.split,
        "subject": chart.subject,
    }
    if first_day and last_day:
        parameters |= {
            "period": "custom",
            "from": first_day.isoformat(),
            "to": last_day.isoformat(),
        }
    return {name: value for name, value in parameters.items() if value}


def chart_link(site_url: str, parameters: dict[str, str]) -> str:
    """The page's full address for a message; "" without a known site."""
    return f"{site_url}/control?{urlencode(parameters)}" if site_url else ""
