"""Networks, model folders and photo sets small enough to check on paper."""

import csv
import json
from pathlib import Path

import cv2
import keras
import numpy as np
import openvino
from keras import layers
from openvino import opset13

from models.card import write_card
from models.network import unet as networks
from models.network.targets import decode_targets
from models.photo_sets.datasets import read_photo_set

THRESHOLDS = {"region": 0.5, "smallest_px": 16, "peak": 0.0, "ok_below": 0.4, "reject_from": 0.6}
MODEL_CHANNELS = 1 + len(networks.TYPES)

# The real one: tests put a smaller one in its place.
networks_lite_unet = networks.lite_unet

# A real U-Net with the encoder's five levels, a thousandth of the served one.
NARROW = networks.EncoderSize(
    4,
    tuple(
        networks.Stage(1, stage.kernel, stage.stride, min(2, stage.expansion), 4)
        for stage in networks.ENCODERS["lite0"].stages
    ),
)


def narrow_unet(encoder=None, types=networks.KNOWN_TYPES, marks=False):
    return networks_lite_unet(NARROW, (4, 4, 4, 4), types, marks)


def brightness_network(encoder=None, types=networks.KNOWN_TYPES):
    """Logits of a defect wherever a pixel is brighter than 0.75; the first type is the likeliest.

    Each pixel is judged alone, so no answer may depend on tiles or padding.
    """
    photo = keras.Input((None, None, 3), name="photo")
    logits = layers.Conv2D(MODEL_CHANNELS, 1, dtype="float32", name="logits")(photo)
    network = keras.Model(photo, logits)
    kernel = np.zeros((1, 1, 3, MODEL_CHANNELS), np.float32)
    kernel[..., 0] = 20.0
    bias = np.zeros(MODEL_CHANNELS, np.float32)
    bias[:2] = -45.0, 2.0
    network.layers[-1].set_weights([kernel, bias])
    return network


def panel(*bright, height=96, width=96, level=100):
    """A grey panel, uint8 (height, width, 3), with bright boxes (x, y, w, h)."""
    rgb = np.full((height, width, 3), level, np.uint8)
    for x, y, w, h in bright:
        rgb[y : y + h, x : x + w] = 250
    return rgb


def by_brightness(rgb):
    """A segmenter: how bright a pixel is, is how sure it is."""
    return np.repeat(rgb[..., :1].astype(np.float32) / 255.0, 5, axis=-1)


def shades(*claims, height=96, width=96):
    """A black photo, uint8 (height, width, 3), with claims ((x, y, w, h), probability)."""
    rgb = np.zeros((height, width, 3), np.uint8)
    for (x, y, w, h), probability in claims:
        rgb[y : y + h, x : x + w] = round(255 * probability)
    return rgb


def golden_photos():
    return [
        {
            "file": "golden_defect.png",
            "rgb": panel((40, 30, 20, 10)),
            "expect": "defect",
            "bbox_px": [40, 30, 20, 10],
            "least_px": 100,
        },
        {"file": "golden_clean.png", "rgb": panel(), "expect": "clean", "most_px": 16},
    ]


def write_run(run: Path, network) -> Path:
    """What a training run leaves behind for a network that was never trained."""
    run.mkdir(parents=True, exist_ok=True)
    np.savez(run / "best.weights.npz", *network.get_weights())
    (run / "best.json").write_text(json.dumps({"epoch": 1, "auroc": 1.0}), encoding="utf-8")
    return run


def rewrite_card(folder: Path, **changes) -> None:
    """The card with some entries changed and fresh hashes: every file matches it again."""
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    write_card(folder, {**card, **changes})


def write_ir(folder: Path, weights, size=(-1, -1), divisor=1.0, numbers="u8") -> None:
    """Replace the served network by answers = photo @ weights / divisor; the card agrees with it.

    weights: (3, channels). numbers: what it answers.
    """
    photo = opset13.parameter([-1, *size, 3], np.uint8, name="photo")
    shown = opset13.convert(photo, "f32")
    product = opset13.matmul(shown, opset13.constant(np.float32(weights)), False, False)
    answer = opset13.divide(product, opset13.constant(np.float32(divisor)))
    answer = opset13.convert(opset13.clamp(answer, 0.0, 255.0), numbers)
    answer = opset13.transpose(answer, np.int32([0, 3, 1, 2]))
    for file in ("unet.xml", "unet.bin"):
        (folder / file).unlink()
    network = openvino.Model([answer], [photo])
    # In half precision the runtime would write a NaN as a number.
    openvino.save_model(network, folder / "unet.xml", compress_to_fp16=False)
    rewrite_card(folder)


def write_photo_set(folder: Path, photos) -> Path:
    """A labelled photo set of grey panels in the internal layout.

    photos: dicts with dataset, stem, split and, where not the default, group, rgb, mask (bool),
    ignore and mask_fine (bool), labels and mask_quality.
    """
    rows, labels, fine = [], {}, {}
    for photo in photos:
        dataset, stem = photo["dataset"], photo["stem"]
        row = {
            "dataset": dataset,
            "image": f"{dataset}/images/{stem}.png",
            "mask": "",
            "ignore": "",
            "defect_free": int("mask" not in photo),
            "mask_quality": photo.get("mask_quality", "polygon"),
            "licence": "made for a test",
            "group": photo.get("group", f"{dataset}-{stem}"),
            "split": photo["split"],
        }
        written = {"image": photo.get("rgb", panel())[..., ::-1]}
        if "mask_fine" in photo:
            written["mask_fine"] = photo["mask_fine"].astype(np.uint8) * 255
            fine[row["image"]] = f"{dataset}/masks_fine/{stem}.png"
        for plane in ("mask", "ignore"):
            if plane in photo:
                row[plane] = f"{dataset}/{plane}s/{stem}.png"
                written[plane] = photo[plane].astype(np.uint8) * 255
        for column, pixels in written.items():
            place = folder / (fine[row["image"]] if column == "mask_fine" else row[column])
            place.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(place), pixels)
        rows.append(row)
        labels.setdefault(dataset, {})[stem] = photo.get("labels", [])
    for dataset, of_stem in labels.items():
        (folder / dataset / "instances.json").write_text(json.dumps(of_stem), encoding="utf-8")
        named = [f"{image},{mask}" for image, mask in fine.items() if image.startswith(dataset)]
        if named:
            table = "\n".join(["image,mask_fine", *named])
            (folder / dataset / "fine_masks.csv").write_text(table, encoding="utf-8")
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return folder


def one_photo(tmp_path, **photo):
    """The only photo of a set of one, 96×96 px."""
    photo = {"dataset": "doors", "stem": "one", "split": "train", **photo}
    (labelled,) = read_photo_set(write_photo_set(tmp_path / "set", [photo]), "train")
    return labelled


def box_mask(*boxes, height=96, width=96):
    """bool (height, width), True in the boxes (x, y, w, h)."""
    mask = np.zeros((height, width), bool)
    for x, y, w, h in boxes:
        mask[y : y + h, x : x + w] = True
    return mask


def decoded(plane):
    """Packed targets -> truth, weight, type, float32 (…, H, W, 3), that may be written to."""
    return np.array(decode_targets(plane))[..., :3]


def box_polygon(x, y, w, h):
    """A polygon label whose filled area is the box (x, y, w, h)."""
    right, bottom = x + w - 1, y + h - 1
    return {
        "cls": "scratch",
        "poly": [[[x, y], [right, y], [right, bottom], [x, bottom]]],
        "ignore": False,
    }
