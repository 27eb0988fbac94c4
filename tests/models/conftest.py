import shutil
from pathlib import Path

import pytest

from models.network import unet as networks
from models.training.convert import finish_model_folder, write_network_files
from tests.models import small_models


@pytest.fixture(scope="session")
def whole_model(tmp_path_factory) -> Path:
    """A model folder that passes every check; it calls bright pixels defects. Not to be changed."""
    folder = tmp_path_factory.mktemp("weights") / "brightness"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(networks, "lite_unet", small_models.brightness_network)
        run = small_models.write_run(
            folder.parent / "run",
            networks.with_probabilities(networks.lite_unet()),
        )
        write_network_files(run, folder)
        finish_model_folder(
            folder,
            thresholds=small_models.THRESHOLDS,
            score={"top_px": 64},
            golden=small_models.golden_photos(),
            facts={"data": []},
        )
    return folder


@pytest.fixture
def model_folder(whole_model, tmp_path) -> Path:
    """A copy of the model folder for a test that damages it."""
    return Path(shutil.copytree(whole_model, tmp_path / "brightness"))


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """The folder of labelled photos and the scorer beside the repository."""
    folder = Path(__file__).resolve().parents[3] / "shared"
    if not (folder / "tools" / "score_masks.py").is_file():
        pytest.skip("needs ../shared with the labelled photos and the scorer")
    return folder
