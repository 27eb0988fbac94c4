"""What our U-Net is compared with: each detector trained, or loaded where it stands trained."""

import gc
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import openvino

from inspection.errors import TrainingError
from models.card import sha256_of
from models.network import keras_file
from models.network import unet as networks
from models.network.losses import DefectLoss
from models.network.targets import LossOfPacked
from models.photo_sets.crops import CropBatches, CropSource
from models.photo_sets.datasets import LabelledPhoto, batches_of_photos, read_photo_set, read_rgb
from models.rivals import anomaly, baselines
from models.rivals.baselines import constant_rate, falling_rate, fit_for, half_at
from models.segmenter import Segmenter, ServedNetwork
from models.tiling import LONG_SIDES_PX, answers_at, scaled
from models.training.convert import as_openvino
from models.training.recipe import shares_of

SEED = 7
ORIGINAL_EPOCHS = 30
MADE = "made.json"
PATCHES_A_PHOTO = 80
MEMORY_PATCHES = 2000
MEMORY_SIDE_PX = 512

TRAINING_FACTS = ("minutes", "processor_minutes", "steps", "seen")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how detectors are trained; minutes: each of them. Sizes are for a CPU."""

    data: Path
    minutes: float = 10.0
    precision: str = "float32"
    crop_px: int = 256
    batch: int = 8

    def __post_init__(self) -> None:
        if not self.minutes > 0:
            raise TrainingError("compare_minutes", minutes=self.minutes)


# Facts of a training: how large, how long, how many steps; as `made.json` keeps them.
Made = dict[str, Any]
Train = Callable[[Path], Made]
# float32 (N, h, w, 3) -> (N, h', w', channels).
Runtime = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Detector:
    """Anything that marks defects. segment: RGB uint8 (H, W, 3) -> float32 (H, W, 1 or more), 0–1.

    sha256: changes when its answers may. made: facts of its training for the table.
    """

    name: str
    what: str
    parameters: int
    sha256: str
    segment: Callable[[np.ndarray], np.ndarray]
    made: dict[str, float]


def open_detectors(
    plan: Plan, out: Path, model_folder: Path, served: Segmenter, say: Say = print
) -> list[Detector]:
    """Every detector of the table in its order, trained where it does not stand in `out` yet."""

    def network_of(name: str, train: Train) -> tuple[Made, str, Runtime]:
        # A memory is built, not trained: any that stands there is whole.
        least = 0.0 if name == "patch_memory" else plan.minutes
        made = _made(out / name, train, least, say)
        return made, _digest(out / name), _runtime(out / name)

    def named(
        name: str,
        what: str,
        made: Made,
        digest: str,
        segment: Callable[[np.ndarray], np.ndarray],
    ) -> Detector:
        facts = {key: made[key] for key in TRAINING_FACTS if key in made}
        return Detector(name, what, made["parameters"], digest, segment, facts)

    made, digest, unet = network_of("original", lambda folder: train_original(plan, folder))
    original = named(
        "original",
        "Original recipe: U-Net of 16–256 filters on the whole photo squashed to 128×128 px, "
        "cross entropy, Adam, batch 8",
        made,
        digest,
        lambda rgb: baselines.squashed_probability(unet, rgb),
    )
    made, digest, fcn = network_of("fcn8s", lambda folder: train_fcn(plan, folder))
    fcn8s = named(
        "fcn8s",
        "FCN-8s: narrow VGG from scratch, skips by addition, 8× upsampling; crops, loss, types "
        "and the size of the photos as our U-Net",
        made,
        digest,
        lambda rgb: answers_at(lambda tiles: fcn(scaled(tiles)), rgb, LONG_SIDES_PX),
    )
    made, digest, redraw = network_of("autoencoder", lambda folder: train_autoencoder(plan, folder))
    error_half = made["half"]
    autoencoder = named(
        "autoencoder",
        "Convolutional autoencoder taught on defect-free photos only; marks what it redraws badly",
        made,
        digest,
        lambda rgb: half_at(anomaly.reconstruction_error(redraw, rgb), error_half)[..., None],
    )
    made, digest, encode = network_of(
        "patch_memory", lambda folder: build_memory(plan, folder, model_folder)
    )
    memory, distance_half = anomaly.PatchMemory.load(out / "patch_memory/memory.npz"), made["half"]
    patch_memory = named(
        "patch_memory",
        f"Patch memory: distance to {len(memory.patches)} features of defect-free photos; the "
        f"features are those of {made['encoder']}, which has seen defects",
        made,
        digest,
        lambda rgb: half_at(memory.distance_map(encode, rgb), distance_half)[..., None],
    )
    top_hat = Detector(
        "top_hat",
        f"White and black top-hat of {baselines.HAT_PX} px and a threshold; no learning",
        0,
        f"top-hat {baselines.HAT_PX} {baselines.HAT_GREY_LEVELS}",
        baselines.top_hat,
        {},
    )
    recipe: Mapping[str, Any] = served.card.get("recipe", {})
    ours = Detector(
        "served",
        f"Our served U-Net, {served.name}",
        served.card["parameters"],
        served.sha256,
        served.levels,
        {key: recipe[key] for key in ("minutes", "steps") if key in recipe},
    )
    return [original, fcn8s, autoencoder, patch_memory, top_hat, ours]


def train_original(plan: Plan, folder: Path) -> Made:
    """The original project's network and training, cut short where the minutes are spent first."""
    batches = baselines.SquashedPhotos(read_photo_set(plan.data, "train"), batch=8, seed=SEED)
    loss = keras.losses.BinaryCrossentropy()
    return _trained(
        baselines.original_unet, plan, folder, batches, loss, constant_rate, ORIGINAL_EPOCHS
    )


def train_fcn(plan: Plan, folder: Path) -> Made:
    """FCN-8s on the crops and with the loss of our own network."""
    photos = read_photo_set(plan.data, "train")
    batches = _crops(CropBatches, photos, plan)
    return _trained(
        baselines.fcn8s, plan, folder, batches, LossOfPacked(DefectLoss()), falling_rate
    )


def train_autoencoder(plan: Plan, folder: Path) -> Made:
    """The autoencoder on crops of sound photos, and what error is odd on them."""
    photos = sound_photos(plan.data)
    batches = _crops(anomaly.SoundCrops, photos, plan)
    loss = keras.losses.MeanAbsoluteError()
    made = _trained(anomaly.autoencoder, plan, folder, batches, loss, falling_rate)
    redraw = _runtime(folder)
    some = (read_rgb(photo.image) for photo in evenly(photos, 24))
    half = anomaly.oddness(lambda rgb: anomaly.reconstruction_error(redraw, rgb), some)
    return {**made, "half": half}


def build_memory(plan: Plan, folder: Path, model_folder: Path) -> Made:
    """The patch memory over the features of the network in `model_folder`; nothing is trained."""
    started = time.monotonic()
    encoder = anomaly.encoder_of(keras_file.load_half(model_folder / "unet.keras"))
    _write_network(encoder, folder)
    encode = _runtime(folder)
    photos = sound_photos(plan.data)
    rng = np.random.default_rng(SEED)
    features = []
    for _, rgb in batches_of_photos(photos):
        seen = np.asarray(encode(_middle(rgb)[None].astype(np.float32) / 255.0))
        patches = seen.reshape(-1, seen.shape[-1])
        chosen = rng.choice(len(patches), min(PATCHES_A_PHOTO, len(patches)), replace=False)
        features.append(patches[chosen])
    memory = anomaly.PatchMemory.of(np.concatenate(features), MEMORY_PATCHES, SEED)
    memory.save(folder / "memory.npz")
    some = (read_rgb(photo.image) for photo in evenly(photos, 24))
    return {
        "parameters": int(encoder.count_params() + memory.patches.size),
        "minutes": round((time.monotonic() - started) / 60.0, 1),
        "seen": len(photos),
        "half": anomaly.oddness(lambda rgb: memory.distance_map(encode, rgb), some),
        "encoder": model_folder.name,
    }


def sound_photos(data: Path) -> list[LabelledPhoto]:
    """The defect-free photos of split train; one whose damage is only ignored is not sound."""
    photos = read_photo_set(data, "train")
    sound = [photo for photo in photos if photo.defect_free and not photo.ignore]
    if not sound:
        raise TrainingError("compare_no_clean", folder=data)
    return sound


def _middle(rgb: np.ndarray) -> np.ndarray:
    """The middle of a photo, at most MEMORY_SIDE_PX a side, in whole strides."""
    window = []
    for length in rgb.shape[:2]:
        side = max(32, min(MEMORY_SIDE_PX, length // 32 * 32))
        window.append(slice(max(0, (length - side) // 2), max(0, (length - side) // 2) + side))
    middle = rgb[window[0], window[1]]
    short = [(0, -side % 32) for side in middle.shape[:2]]
    return np.pad(middle, [*short, (0, 0)], mode="symmetric")


def _crops(kind: type[CropBatches], photos: Sequence[LabelledPhoto], plan: Plan) -> CropBatches:
    return kind(
        CropSource(photos),
        shares_of({photo.dataset for photo in photos}, ()),
        batch=plan.batch,
        size=plan.crop_px,
        steps=200,
        seed=SEED,
    )


def _trained(
    build: Callable[[], keras.Model],
    plan: Plan,
    folder: Path,
    batches: CropBatches | baselines.SquashedPhotos,
    loss: keras.losses.Loss,
    rate: Callable[[float], float],
    epochs: int = 1000,
) -> Made:
    """Train a network and write it for the serving runtime; facts for `made.json`.

    A network trained for fewer minutes is trained on from its weights; Adam's means start anew.
    """
    kept, before = folder / "weights.npz", {}
    if kept.is_file() and (folder / MADE).is_file():
        before = json.loads((folder / MADE).read_text(encoding="utf-8"))
    left = epochs - before.get("steps", 0) // len(batches)
    if left <= 0:
        return {**before, "minutes": plan.minutes}
    keras.utils.set_random_seed(SEED)
    keras.mixed_precision.set_global_policy(plan.precision)
    try:
        network = build()
        if before:
            with np.load(kept) as weights:
                network.set_weights([weights[name] for name in weights.files])
        outcome = fit_for(
            networks.of_photos(network) if isinstance(batches, CropBatches) else network,
            batches,
            loss,
            minutes=plan.minutes,
            rate=rate,
            spent=before.get("minutes", 0.0),
            epochs=left,
        )
    finally:
        keras.mixed_precision.set_global_policy("float32")
    if not np.isfinite(outcome["loss"]):
        raise TrainingError("compare_loss", folder=folder, loss=outcome["loss"])
    whole = build()
    whole.set_weights(network.get_weights())
    if whole.output.shape[-1] == 1 + len(networks.TYPES):
        whole = networks.with_probabilities(whole)
    _write_network(whole, folder)
    np.savez(kept, *network.get_weights())
    steps = before.get("steps", 0) + outcome["steps"]
    return {
        "parameters": int(whole.count_params()),
        "minutes": plan.minutes,
        "processor_minutes": round(
            before.get("processor_minutes", 0.0) + outcome["processor_minutes"], 2
        ),
        "steps": steps,
        "seen": steps * batches.batch,
        "loss": outcome["loss"],
    }


def _write_network(network: keras.Model, folder: Path) -> None:
    openvino.save_model(as_openvino(network), folder / "network.xml", compress_to_fp16=False)


def _runtime(folder: Path) -> Runtime:
    """A detector's network as our own is served: float32 (N, h, w, 3) -> (N, h', w', channels)."""
    return ServedNetwork(folder / "network.xml")


def _made(folder: Path, train: Train, minutes: float, say: Say) -> Made:
    """Facts of a detector that was trained for at least `minutes`, trained (on) first if need be.

    MADE is written last, so it stands for a whole detector.
    """
    facts = folder / MADE
    made = json.loads(facts.read_text(encoding="utf-8")) if facts.is_file() else {}
    if not made or made["minutes"] < minutes:
        say(f"{folder.name}: training")
        folder.mkdir(parents=True, exist_ok=True)
        made = train(folder)
        facts.write_text(json.dumps(made, indent=1), encoding="utf-8")
        say(f"{folder.name}: {made}")
        # The photos of one detector's training are not to wait for the next one's.
        gc.collect()
    return made


def _digest(folder: Path) -> str:
    files = [folder / name for name in (MADE, "network.xml", "network.bin", "memory.npz")]
    hashes = [sha256_of(path) for path in files if path.is_file()]
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


def evenly(photos: Sequence[LabelledPhoto], count: int) -> list[LabelledPhoto]:
    """Up to `count` photos from all over the list."""
    chosen = np.linspace(0, len(photos) - 1, min(count, len(photos))).astype(int)
    return [photos[number] for number in chosen]
