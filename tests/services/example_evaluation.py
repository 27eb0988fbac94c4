"""A small evaluation, as `evaluate` writes it, with counts to check on paper."""

from inspection.domain.reliability import wilson


def share(hits, n, groups=None):
    groups = groups or n
    return {
        "value": hits / n,
        "hits": hits,
        "n": n,
        "ci95": list(wilson(hits, n)),
        "groups": groups,
        "ci95_groups": list(wilson(hits / n * groups, groups)),
    }


def _figures(photos, **shares):
    names = (
        "tight_recall",
        "photo_tight",
        "photo_detection",
        "photo_false_alarm",
        "defect_recall",
        "defect_precision",
        "stray",
        "area_ratio",
        "pieces",
        "dice",
        "detection_at_5pct_alarm",
        "auroc",
    )
    return {"photos": photos, **{name: shares.get(name) for name in names}}


def example_report():
    """Four defective photos with six defects in three groups, three clean photos, one in alarm."""
    return {
        "schema": 2,
        "made": "2026-11-25",
        "model": {"name": "lite0-unet", "sha256": "c" * 64},
        "split": "test",
        "thresholds": {
            "region": 0.5,
            "smallest_px": 16,
            "peak": 0.0,
            "ok_below": 0.3,
            "reject_from": 0.8,
        },
        "top_px": 256,
        "band_rule": None,
        "photos": {
            "n": 7,
            "groups": 6,
            "defective": 4,
            "defective_groups": 3,
            "clean": 3,
            "clean_groups": 3,
        },
        "figures": {
            "ALL": _figures(
                7,
                tight_recall=share(3, 6, 3),
                photo_tight=share(2, 4, 3),
                photo_detection=share(3, 4, 3),
                photo_false_alarm=share(1, 3),
                defect_recall=share(4, 6, 3),
                stray=share(300, 1000, 3),
                area_ratio=[1.2, 0.8, 1.9],
                pieces=1.33,
                dice=0.61,
                defect_precision=share(3, 5, 3),
                detection_at_5pct_alarm=share(2, 4, 3),
                auroc=0.79,
            ),
            "bilgi": _figures(
                4,
                tight_recall=share(3, 6, 3),
                photo_detection=share(3, 4, 3),
                defect_recall=share(4, 6, 3),
            ),
            "whole_cars_clean": _figures(3, photo_false_alarm=share(1, 3)),
        },
        "scores": {"defective": [0.2, 0.6, 0.8, 0.9], "clean": [0.1, 0.3, 0.6]},
        "detection_at": [
            {
                "alarm_share": alarm,
                "threshold": 0.6,
                "detection": share(2, 4, 3),
                "false_alarm": share(0, 3),
            }
            for alarm in (0.01, 0.05, 0.1)
        ],
        "pod": {
            "real": {
                "unit": "px",
                "groups": 3,
                "false_alarm": share(1, 3),
                "false_calls": 2,
                "n": 6,
                "points": [[5, 0], [8, 1], [12, 0], [20, 1], [40, 0], [60, 1]],
                "fit": {
                    "intercept": -4.605170,
                    "slope": 2.0,
                    "upper": 1.0,
                    "a50": 10.0,
                    "a90": 30.0,
                    "a90_95": 36.19,
                },
                "refused": None,
            },
            "rendered": None,
        },
        "recall_by": {
            "dataset": [
                {
                    "code": "bilgi",
                    "photos": 4,
                    "found": share(3, 6, 3),
                    "found_at_all": share(4, 6, 3),
                    "false_alarm": None,
                },
                {
                    "code": "whole_cars_clean",
                    "photos": 3,
                    "found": None,
                    "false_alarm": share(1, 3),
                },
            ],
            "type": [
                {
                    "code": "scratch",
                    "photos": 4,
                    "found": share(3, 6, 3),
                    "found_at_all": share(4, 6, 3),
                    "false_alarm": None,
                }
            ],
            "brightness": [
                {
                    "code": "q1",
                    "from": 20.0,
                    "to": 80.0,
                    "photos": 7,
                    "found": share(3, 6, 3),
                    "false_alarm": share(1, 3),
                }
            ],
            "colour": [
                {
                    "code": "red",
                    "photos": 4,
                    "found": share(3, 6, 3),
                    "found_at_all": share(4, 6, 3),
                    "false_alarm": None,
                },
                {"code": "silver_white", "photos": 3, "found": None, "false_alarm": share(1, 3)},
            ],
        },
        "band_curve": [
            {
                "allowed": 0.05,
                "ok_below": 0.3,
                "reject_from": 0.8,
                "defective": [1, 1, 2],
                "clean": [1, 2, 0],
            }
        ],
        "calibration": {
            "method": "isotonic",
            "fitted_on": {"defective": 381, "clean": 64},
            "steps": [[0.1, 0.2], [0.6, 1.0]],
            **{
                when: {
                    "brier": 0.2,
                    "error": error,
                    "bins": [{"predicted": 0.5, "hits": 4, "n": 7, "ci95": list(wilson(4, 7))}],
                }
                for when, error in (("before", 0.3), ("after", 0.1))
            },
        },
        "ppv": [{"prevalence": 0.05, "value": 0.1, "low": 0.05, "high": 0.4}],
        "targets": {
            "aim": 0.95,
            "needed": [59, 93, 124, 153, 181, 208],
            "n": 6,
            "misses": 3,
            "least_rate": 0.153,
            "needed_with_misses": 153,
        },
        "explorer": {
            "region": [0.3, 0.5],
            "smallest_px": 16,
            "peak": 0.0,
            "sets": {
                "ALL": {"defects": 6, "found": [5, 3], "clean": 3, "alarms": [2, 1]},
                "bilgi": {"defects": 6, "found": [5, 3], "clean": 0, "alarms": [0, 0]},
            },
        },
    }
