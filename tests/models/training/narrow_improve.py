"""`improve` with a network of one layer: `python -m tests.models.training.narrow_improve FITS …`.

Each fit that is begun is a line of the file FITS. The model that learns is made first. Two folds
instead of five, and one layer: all that a fit needs before its first step is most of the time.
"""

import sys
from functools import partial
from pathlib import Path

# Before TensorFlow, which carries an older SQLite: as the command itself does it.
from inspection.storage.database import sqlite_driver

sqlite_driver()

import keras  # noqa: E402

from inspection.cli.main import main  # noqa: E402
from inspection.config import load_settings  # noqa: E402
from inspection.domain.learning import folds  # noqa: E402
from inspection.domain.learning.plan import Plan  # noqa: E402
from inspection.services.learning import process, run  # noqa: E402
from models.network import unet as networks  # noqa: E402
from models.rendering import photo_set  # noqa: E402
from models.training import cross_validation, plant  # noqa: E402
from models.training.convert import finish_model_folder, write_network_files  # noqa: E402
from tests.models import small_models  # noqa: E402
from tests.services.model_folders import hundred_bars  # noqa: E402

FOLDS = 2
# Weights are averaged every ten steps.
PLAN = Plan(epochs=1, steps=10, batch=2, crop_px=64, learning_rate=0.1, rendered_panels=2)


def one_layer(encoder=None, types=networks.KNOWN_TYPES, marks=False):
    return small_models.brightness_network(encoder, types)


def golden(segment=None, thresholds=None):
    """Golden photos that any network sees right."""
    defect, clean = small_models.golden_photos()
    return [{**defect, "least_px": 0}, {**clean, "most_px": 96 * 96}]


def write_base(folder: Path) -> None:
    keras.utils.set_random_seed(3)
    untrained = networks.with_probabilities(networks.lite_unet())
    write_network_files(small_models.write_run(folder.parent / ".run", untrained), folder)
    finish_model_folder(
        folder,
        thresholds=small_models.THRESHOLDS,
        score={"top_px": 64},
        golden=golden(),
        facts={"data": []},
    )


def noted(fits: Path, fit):
    def begin(run_folder, *more, **how):
        with fits.open("a") as file:
            file.write(f"{run_folder.name}\n")
        return fit(run_folder, *more, **how)

    return begin


if __name__ == "__main__":
    networks.lite_unet = one_layer
    folds.LEAST_PHOTOS, folds.LEAST_BODIES = 12, 6
    photo_set.SIDE_PX = 96
    plant.golden_photos = golden
    plant.fit = noted(Path(sys.argv[1]), plant.fit)
    cross_validation.FOLDS = run.FOLDS = FOLDS
    cross_validation.folds_by_body = partial(folds.folds_by_body, folds=FOLDS)
    run.improve = partial(run.improve, plan=PLAN)
    # Behind everything else a busy test machine would never come to it.
    process.NICENESS = 0
    run.golden_set = lambda settings, progress: hundred_bars()
    base = load_settings().model_folder
    if not base.is_dir():
        base.parent.mkdir(parents=True)
        write_base(base)
    main(["improve", *sys.argv[2:]])
