"""The words that `inspection.charts` puts on its figures, in this tab's language."""

from inspection.domain.run_rules import RULES
from inspection.services.station import shared_station
from inspection.ui.session import t, translate
from inspection.ui.widgets.words import word

_WORDS = (
    "day",
    "dpu",
    "ftt",
    "defect_area",
    "units",
    "type",
    "defects",
    "cumulative",
    "value",
    "centre",
    "limits",
    "laney_limits",
    "signal",
    *RULES,
)


def chart_words(**more: str) -> dict[str, str]:
    """Words of axes, legends and run rules, and the vehicle models' own names ("": unknown).

    more: further words, such as `provisional`.
    """
    models = {model.code: model.name for model in shared_station().bodies.models}
    models |= {"": t("common.unknown")}
    say = translate()
    return {
        **models,
        **{name: t(f"chart.{name}") for name in _WORDS},
        "range": say("common.range", low="{low}", high="{high}"),
        "separators": say.signs.separators,
        **more,
    }


def type_words(types) -> dict[str, str]:
    """Words of defect type codes, the first letter large as a bar's name."""
    return {code: sentence_case(word("defect", code)) for code in types}


def sentence_case(text: str) -> str:
    """The first letter large, the rest as it is."""
    return text[:1].upper() + text[1:]
