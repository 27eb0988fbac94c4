"""What a saved view means today: its filter, with a period that moves along."""

from collections.abc import Mapping
from datetime import date, timedelta

# Moving periods by name, in production days up to today.
PERIODS = {"today": 1, "week": 7, "four_weeks": 28}


def period(name: str, today: date) -> tuple[date, date]:
    """First and last day of a moving period that ends today."""
    return today - timedelta(days=PERIODS[name] - 1), today


def moving_period(parameters: Mapping[str, str], today: date) -> str:
    """The moving period whose days an address holds; "" for other days, or none."""
    for name in PERIODS:
        first, last = period(name, today)
        asked = (parameters.get("from"), parameters.get("to"))
        if asked == (first.isoformat(), last.isoformat()):
            return name
    return ""


def kept_parameters(parameters: Mapping[str, str], today: date) -> dict[str, str]:
    """What a view keeps of an address: "the last 7 days" in place of the days they are today."""
    name = moving_period(parameters, today)
    if not name:
        return dict(parameters)
    rest = {key: text for key, text in parameters.items() if key not in ("from", "to")}
    return {"period": name, **rest}


def parameters_today(kept: Mapping[str, str], today: date) -> dict[str, str]:
    """The address of a view as it is opened today."""
    rest = {key: text for key, text in kept.items() if key != "period"}
    if kept.get("period") not in PERIODS:
        return rest
    first, last = period(kept["period"], today)
    return {"from": first.isoformat(), "to": last.isoformat(), **rest}
