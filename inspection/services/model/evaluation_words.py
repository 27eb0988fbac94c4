"""An evaluation in words: the sentences and tables that the Model page and the report share."""

from collections.abc import Mapping, Sequence
from typing import Any

from inspection.domain.reliability import Confusion
from inspection.i18n import Translate
from inspection.model_facts import BandRule, Comparison, Pod
from inspection.services.model import evaluation
from inspection.services.model.card import EVERY_SET, Share, share_of
from inspection.services.model.evaluation import Explored, Report
from inspection.services.words import NO_VALUE, Table, word

# The words of the figures of `inspection.charts`, by figure.
_ROC_WORDS = ("detection", "false_alarm", "threshold", "roc", "chance", "marks")
_POD_WORDS = ("pod", "curve", "observed", "n", "a50", "a90", "a90_95")
_BAND_WORDS = ("to_person", "wrong", "missed", "rejected", "allowed")
_RELIABILITY_WORDS = ("predicted", "defective_share", "before", "after", "perfect", "photos")
_THRESHOLD_WORDS = ("region", "share", "found", "alarms", "chosen")
CODES = {"dataset": "model.dataset", "type": "defect", "colour": "curve.colour"}
_PART_HEADS = {
    "dataset": "model.set",
    "type": "common.type",
    "brightness": "curve.brightness",
    "colour": "common.colour",
}


def share_words(t: Translate, share: Share | None) -> str:
    """hits of n, the share with its interval, and the same over groups of photos."""
    if share is None:
        return NO_VALUE
    words = t(
        "model.share_words",
        hits=t.count(share.hits),
        n=t.count(share.n),
        share=t.percent(share.value),
        low=t.percent(share.low),
        high=t.percent(share.high),
    )
    if share.groups is None or share.groups == share.n:
        return words
    return words + t(
        "curve.over_groups",
        groups=t.count(share.groups),
        low=t.percent(share.over_groups[0]),
        high=t.percent(share.over_groups[1]),
    )


def roc_words(t: Translate) -> dict[str, str]:
    return _words(t, _ROC_WORDS)


def pod_words(t: Translate, pod: Pod) -> dict[str, str]:
    return {**_words(t, _POD_WORDS), "size": t(f"curve.size_{pod['unit']}")}


def band_words(t: Translate) -> dict[str, str]:
    return _words(t, _BAND_WORDS)


def reliability_words(t: Translate) -> dict[str, str]:
    words = _words(t, _RELIABILITY_WORDS)
    return {**words, "observed": words["defective_share"]}


def threshold_words(t: Translate) -> dict[str, str]:
    return _words(t, _THRESHOLD_WORDS)


def _words(t: Translate, names: Sequence[str]) -> dict[str, str]:
    words = {name: t(f"curve.{name}") for name in names}
    return {**words, "separators": t.signs.separators}


def basis(t: Translate, report: Report) -> str:
    """What was measured, when, and on how many photos in how many groups."""
    photos = {name: t.count(n) for name, n in report["photos"].items()}
    return t("curve.basis", made=report["made"], split=report["split"], **photos)


def claim(t: Translate, report: Report) -> str:
    """The one sentence that may be said; what is missing for it otherwise."""
    whole = report["figures"][EVERY_SET]
    tight, alarms = share_of(whole["tight_recall"]), share_of(whole["photo_false_alarm"])
    found = share_of(whole["defect_recall"])
    if not (tight and alarms and found):
        return t("curve.no_claim")
    return t(
        "curve.claim",
        photos=t.count(whole["photos"]),
        found=share_words(t, tight),
        at_all=t.percent(found.value),
        alarms=share_words(t, alarms),
        hit_rule=t("model.hit_rule"),
    )


def figures_table(t: Translate, report: Report) -> Table:
    """The scorer's figures by data set."""
    names = (
        "tight_recall",
        "photo_false_alarm",
        "clean_not_ok",
        "defect_recall",
        "stray",
        "defect_precision",
        "photo_tight",
        "detection_at_5pct_alarm",
    )
    rows = []
    for code, row in report["figures"].items():
        area = NO_VALUE if row["auroc"] is None else t.number(row["auroc"], 3)
        shares = (share_words(t, share_of(row.get(name))) for name in names)
        fit = (_ratio(t, row["area_ratio"]), _number(t, row["pieces"]), _number(t, row["dice"]))
        rows.append((word(t, "model.dataset", code), t.count(row["photos"]), *shares, *fit, area))
    head = (t("model.set"), t("model.photos"), *(t(f"curve.{name}") for name in names))
    fits = (t(f"curve.{name}") for name in ("area_ratio", "pieces", "dice"))
    return Table((*head, *fits, t("model.auroc")), tuple(rows))


def _number(t: Translate, value: float | None) -> str:
    return NO_VALUE if value is None else t.number(value, 2)


def _ratio(t: Translate, ratio: Sequence[float] | None) -> str:
    """Median with its quartiles."""
    if ratio is None:
        return NO_VALUE
    median, low, high = (t.number(value, 2) for value in ratio)
    quartiles = t("common.range", low=low, high=high)
    return t("common.bracketed", text=median, more=quartiles)


def detection_table(t: Translate, report: Report) -> Table:
    """Photos detected at 1, 5 and 10 % false alarms."""
    return Table(
        (
            t("curve.alarm_limit"),
            t("curve.threshold"),
            t("curve.photo_detection"),
            t("curve.photo_false_alarm"),
        ),
        tuple(
            (
                t.percent(row["alarm_share"], 0),
                t.number(row["threshold"], 3),
                share_words(t, share_of(row["detection"])),
                share_words(t, share_of(row["false_alarm"])),
            )
            for row in report["detection_at"]
        ),
    )


def pod_sentence(t: Translate, pod: Pod) -> str:
    """a50, a90 and a90/95, or why there are none; false calls always beside it."""
    alarms = share_of(pod["false_alarm"])
    beside = (
        t("curve.no_false_calls")
        if alarms is None
        else t(
            "curve.false_calls", alarms=share_words(t, alarms), calls=t.count(pod["false_calls"])
        )
    )
    counted = t("curve.pod_counted", n=t.count(pod["n"]), groups=t.count(pod["groups"]))
    return " ".join([counted, *_pod_findings(t, pod), beside])


def _pod_findings(t: Translate, pod: Pod) -> list[str]:
    fit = pod["fit"]
    if fit is None:
        return [t(f"curve.refused_{pod['refused']}")]
    largest = max(size for size, _ in pod["points"])
    said = [
        t("curve.pod_a50", a50=_size(t, fit["a50"], pod)) if fit["a50"] else t("curve.pod_no_a50")
    ]
    if fit["a90"] and fit["a90_95"]:
        said.append(
            t("curve.pod_a90", a90=_size(t, fit["a90"], pod), a90_95=_size(t, fit["a90_95"], pod))
        )
        if fit["a90_95"] > largest:
            said.append(t("curve.pod_beyond", largest=_size(t, largest, pod)))
    else:
        said.append(t("curve.pod_no_a90"))
    if fit["upper"] < 1:
        said.append(t("curve.pod_upper", upper=t.percent(fit["upper"])))
    return said


def _size(t: Translate, size: float, pod: Pod) -> str:
    # Nobody needs the digits of a size that no photo could show.
    shown = t.number(size, 0) if size >= 100 else t.digits(size, ".3g")
    return f"{shown} {pod['unit']}" if size < 1e6 else f"> {t.count(1_000_000)} {pod['unit']}"


def pod_table(t: Translate, pod: Pod) -> Table:
    """What was found in stretches of size."""
    rows = (
        (
            t(
                "common.range",
                low=t.digits(row.smallest, ".3g"),
                high=f"{t.digits(row.largest, '.3g')} {pod['unit']}",
            ),
            share_words(t, Share(row.share, row.hits, row.n, row.low, row.high)),
        )
        for row in evaluation.pod_observed(pod).itertuples()
    )
    return Table((t(f"curve.size_{pod['unit']}"), t("curve.tight_recall")), tuple(rows))


def trial_types_table(t: Translate, pod: Pod) -> Table:
    """What was found of each type of the rendered defects."""
    return Table(
        (t("common.type"), t("curve.tight_recall")),
        tuple(
            (word(t, "defect", row["code"]), share_words(t, share_of(row["found"])))
            for row in pod["by_type"]
        ),
    )


def part_table(t: Translate, report: Report, part: str) -> Table:
    """Recall with false alarms beside it; part: one of `evaluation.PARTS`.

    A type has no false alarms of its own: those of all clean photos stand beside it.
    """
    alarms_of_all = report["figures"][EVERY_SET]["photo_false_alarm"]
    rows = []
    for row in report["recall_by"][part]:
        name = (
            t(
                f"curve.quarter_{row['code']}",
                low=t.number(row["from"], 0),
                high=t.number(row["to"], 0),
            )
            if part == "brightness"
            else word(t, CODES[part], row["code"])
        )
        alarms = alarms_of_all if part == "type" else row["false_alarm"]
        rows.append(
            (
                name,
                t.count(row["photos"]),
                share_words(t, share_of(row["found"])),
                share_words(t, share_of(alarms)),
                t.percent(at_all.value)
                if (at_all := share_of(row.get("found_at_all")))
                else NO_VALUE,
            )
        )
    alarm_head = "curve.alarms_of_all" if part == "type" else "curve.photo_false_alarm"
    names = ("curve.tight_recall", alarm_head, "curve.found_at_all")
    head = (t(_PART_HEADS[part]), t("model.photos"), *(t(name) for name in names))
    return Table(head, tuple(rows))


def confusion_sentence(t: Translate, report: Report) -> str:
    """How many labels whose type is known are called by it."""
    found = Confusion(report.get("types") or {})
    if not found.n:
        return t("curve.confusion_none")
    return t("curve.confusion", right=t.count(found.right), n=t.count(found.n))


def confusion_table(t: Translate, report: Report) -> Table | None:
    """A row a labelled type, a column a name that its regions got; labels found tightly.

    None where no label found has a known type, or the evaluation is older than this table.
    """
    types = report.get("types")
    if not types:
        return None
    found = Confusion(types)
    rows = tuple(
        (word(t, "defect", code), *(t.count(n) for n in counts)) for code, counts in found.table()
    )
    names = (word(t, "defect", name) for name in found.names)
    return Table((t("curve.labelled_as"), *names, t("curve.labels_n")), rows)


def band_table(t: Translate, report: Report) -> Table:
    """Both scores and the outcome for each allowed share of errors."""
    rows = []
    for row in evaluation.band_points(report).itertuples():
        asked = int(row.bad_to_person + row.good_to_person)
        missed = Share(row.missed, row.passed_defective, row.bad, row.missed_low, row.missed_high)
        rejected = Share(
            row.rejected, row.rejected_clean, row.good, row.rejected_low, row.rejected_high
        )
        rows.append(
            (
                t.percent(row.allowed),
                f"{t.number(row.ok_below, 3)} / {t.number(row.reject_from, 3)}",
                f"{t.count(asked)} / {t.count(row.bad + row.good)} = {t.percent(row.to_person)}",
                share_words(t, missed),
                share_words(t, rejected),
                f"{t.count(row.passed_defective)} / {t.count(row.passed)}",
            )
        )
    names = ("allowed", "two_scores", "to_person", "missed", "rejected", "missed_in_passed")
    return Table(tuple(t(f"curve.{name}") for name in names), tuple(rows))


def calibration_sentence(t: Translate, report: Report) -> str:
    """How far the score is from a probability, before and after."""
    fitted = evaluation.calibration_of(report)
    photos = report["photos"]
    return t(
        "curve.calibration",
        defective=t.count(fitted["fitted_on"]["defective"]),
        clean=t.count(fitted["fitted_on"]["clean"]),
        before=t.number(fitted["before"]["error"], 3),
        after=t.number(fitted["after"]["error"], 3),
        brier_before=t.number(fitted["before"]["brier"], 3),
        brier_after=t.number(fitted["after"]["brier"], 3),
        mix=t.percent(photos["defective"] / photos["n"]),
    )


def calibration_table(t: Translate, report: Report) -> Table:
    rows = []
    for when in ("before", "after"):
        for row in evaluation.reliability_points(report, when).itertuples():
            observed = Share(row.observed, row.hits, row.n, row.low, row.high)
            rows.append((t(f"curve.{when}"), t.percent(row.predicted), share_words(t, observed)))
    names = ("score_kind", "predicted", "defective_share")
    return Table(tuple(t(f"curve.{name}") for name in names), tuple(rows))


def ppv_table(t: Translate, report: Report) -> Table:
    """How many alarms would be real at each share of defective photos."""
    return Table(
        (t("curve.prevalence"), t("curve.ppv")),
        tuple(
            (
                t.percent(row["prevalence"]),
                t(
                    "curve.ppv_words",
                    value=_maybe(t, row["value"]),
                    low=_maybe(t, row["low"]),
                    high=_maybe(t, row["high"]),
                ),
            )
            for row in report["ppv"]
        ),
    )


def _maybe(t: Translate, share: float | None) -> str:
    return NO_VALUE if share is None else t.percent(share)


def targets_sentence(t: Translate, report: Report) -> str:
    """What the photos show about the aim, and what a proof of it takes."""
    targets = report["targets"]
    if not targets or targets["least_rate"] is None:
        return t("curve.no_targets")
    said = {
        "aim": t.percent(targets["aim"], 0),
        "n": t.count(targets["n"]),
        "misses": t.count(targets["misses"]),
        "least": t.percent(targets["least_rate"]),
        "needed": t.count(targets["needed_with_misses"]),
        "zero": t.count(targets["needed"][0]),
    }
    reached = targets["least_rate"] >= targets["aim"]
    return t("curve.targets_reached" if reached else "curve.targets_missed", **said)


def targets_table(t: Translate, report: Report) -> Table:
    """Targets needed for the aim with 0, 1, 2 … misses."""
    needed = report["targets"]["needed"] if report["targets"] else []
    return Table(
        (t("curve.misses"), t("curve.targets_needed")),
        tuple((str(misses), t.count(n)) for misses, n in enumerate(needed)),
    )


def rule_sentence(t: Translate, rule: BandRule | None) -> str:
    """The rule that set the two scores, in words."""
    if rule is None:
        return t("curve.no_rule")
    return t(
        "curve.rule",
        missed=t.percent(rule["missed"]),
        rejected=t.percent(rule["rejected"]),
        defective=rule.get("defective", NO_VALUE),
        clean=rule.get("clean", NO_VALUE),
    )


def explored_sentences(t: Translate, explored: Explored) -> tuple[str, str]:
    """What the region threshold does, and what the two scores do."""
    nothing = NO_VALUE
    regions = t(
        "curve.explored_regions",
        found=share_words(t, explored.found) if explored.found else nothing,
        alarms=share_words(t, explored.alarms) if explored.alarms else nothing,
    )
    scores = t(
        "curve.explored_scores",
        to_person=share_words(t, explored.to_person),
        missed=share_words(t, explored.bad_passed),
        rejected=share_words(t, explored.good_rejected),
    )
    return regions, scores


def explored_table(t: Translate, explored: Explored) -> Table:
    """Defective and clean photos by what would become of them."""
    return Table(
        tuple(t(f"curve.{name}") for name in ("kind", "passed", "asked", "turned_down")),
        (
            (
                t("curve.defective_photos"),
                share_words(t, explored.bad_passed),
                share_words(t, explored.bad_to_person),
                share_words(t, explored.bad_rejected),
            ),
            (
                t("curve.clean_photos"),
                share_words(t, explored.good_passed),
                share_words(t, explored.good_to_person),
                share_words(t, explored.good_rejected),
            ),
        ),
    )


def explored_sets_table(t: Translate, report: Report, region: float) -> Table:
    """What a region threshold does on each data set."""
    rows = []
    for code in evaluation.explorer_of(report)["sets"]:
        found, alarms = evaluation.at_region(report, code, region)
        name = word(t, "model.dataset", code)
        rows.append((name, share_words(t, found), share_words(t, alarms)))
    head = ("model.set", "curve.tight_recall", "curve.photo_false_alarm")
    return Table(tuple(t(key) for key in head), tuple(rows))


def comparison_table(t: Translate, comparison: Comparison) -> Table:
    """Networks and other ways on the same photos: a row each."""
    rows = []
    for row in comparison["rows"]:
        # Older tables lack some of it.
        figures: Mapping[str, Mapping[str, Any]] = row.get("figures", {})
        whole = figures.get(EVERY_SET, {})
        area, speed, size = whole.get("auroc"), row.get("mpx_per_s"), row.get("parameters")
        name = str(row.get("name", NO_VALUE))
        known = word(t, "curve.way", name)
        rows.append(
            (
                # A way that the texts do not know says itself what it is.
                str(row.get("what", name)) if known == name else known,
                share_words(t, share_of(whole.get("tight_recall"))),
                share_words(t, share_of(whole.get("photo_false_alarm"))),
                t.percent(at_all.value)
                if (at_all := share_of(whole.get("defect_recall")))
                else NO_VALUE,
                NO_VALUE if area is None else t.number(area, 3),
                NO_VALUE if size is None else t.count(size),
                NO_VALUE if speed is None else t.number(speed, 2),
            )
        )
    names = ("compared", "tight_recall", "photo_false_alarm", "found_at_all")
    more = ("model.auroc", "model.parameters", "curve.speed")
    return Table((*(t(f"curve.{name}") for name in names), *(t(key) for key in more)), tuple(rows))
