import json
import shutil
import zipfile

import keras
import numpy as np
import pytest
from keras import layers, ops

from inspection.errors import ModelRefused, TrainingError
from inspection.i18n import translator
from inspection.services.model.card import never_tested_on
from models.card import check_files, read_card
from models.network import unet as networks
from models.network.keras_file import save_half
from models.photo_sets.photo_classes import UNNAMED
from models.segmenter import open_segmenter
from models.training.wrapping import Operating, _types, read_network, wrap_network
from tests.models.small_models import brightness_network, panel, write_photo_set


def reddish(channels=1, *, inputs=3, size=(None, None), activation="sigmoid", name=None):
    """Calls pixels defects whose red is above 0.906: the golden scratch, and no clean blue panel.

    Channels behind the first answer the same.
    """
    photo = keras.Input((*size, inputs))
    answer = layers.Conv2D(channels, 1, activation=activation, name=name)(photo)
    network = keras.Model(photo, answer)
    kernel = np.zeros((1, 1, inputs, channels), np.float32)
    kernel[0, 0, 0] = 200.0
    network.layers[-1].set_weights([kernel, np.full(channels, -181.25, np.float32)])
    return network


def saved(folder, network, name="theirs.keras"):
    network.save(folder / name)
    return folder / name


def rewritten(file, part, change):
    """The same file with one of its JSON parts changed."""
    changed = file.with_name(f"changed_{file.name}")
    with zipfile.ZipFile(file) as before, zipfile.ZipFile(changed, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            if name == part:
                described = json.loads(content)
                change(described)
                content = json.dumps(described).encode()
            after.writestr(name, content)
    return changed


@pytest.fixture(scope="session")
def donor(tmp_path_factory):
    """A model folder whose thresholds may be copied; its network is never opened."""
    folder = tmp_path_factory.mktemp("donor") / "donor"
    network = networks.with_probabilities(brightness_network())
    folder.mkdir()
    shutil.copyfile(saved(folder.parent, network), folder / "unet.keras")
    card = {
        "name": "donor",
        "date": "2026-11-20",
        "data": [],
        "types": list(networks.TYPES),
        "input": {},
        "thresholds": {
            "region": 0.5,
            "smallest_px": 4,
            "peak": 0.0,
            "ok_below": 0.4,
            "reject_from": 0.6,
        },
        "score": {"top_px": 64},
        "files": {},
        "golden": [],
    }
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    return folder


def refusal(call, *arguments, **named):
    with pytest.raises(ModelRefused) as caught:
        call(*arguments, **named)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


# --- what is wrapped ---


def test_a_network_with_one_channel_becomes_a_folder_that_is_served(tmp_path, donor):
    file = saved(tmp_path, reddish())
    folder = wrap_network(file, tmp_path / "weights" / "theirs", Operating(model=donor))
    opened = open_segmenter(folder)
    assert opened.name == "theirs" and opened.types == (UNNAMED,)
    rgb = panel(height=64, width=96)
    rgb[10:20, 30:50] = (250, 20, 20)
    seen = opened.segment(rgb)
    assert seen.shape == (64, 96, 2)
    assert seen[12:18, 32:48].min() > 0.9 and seen[30:].max() < 0.1
    card = read_card(folder)
    check_files(folder, card)
    assert card["thresholds"] == read_card(donor)["thresholds"]
    assert card["thresholds_from"]["name"] == "donor"
    thresholds, types = card["limits"][:2]
    assert thresholds == {"code": "thresholds_copied", "model": "donor"}
    assert types == {"code": "no_types"}
    english, korean = (never_tested_on(card, translator(code)) for code in ("en", "ko"))
    assert english[0] == "thresholds: copied from model donor, never chosen for this one"
    assert english[1].startswith("defect types: the model tells none apart")
    assert "donor" in korean[0] and korean[1].startswith("결함 유형:")
    assert card["parameters"] == 4 and card["wrapped"]["file"] == "theirs.keras"
    assert [path.name for path in (tmp_path / "weights").iterdir()] == ["theirs"]


def test_a_network_with_types_keeps_them(tmp_path, donor):
    file = saved(tmp_path, reddish(channels=3))
    folder = wrap_network(
        file, tmp_path / "two-types", Operating(model=donor), types=("dent", "scratch")
    )
    assert open_segmenter(folder).types == ("dent", "scratch")
    assert {"code": "no_types"} not in read_card(folder)["limits"]


def test_nine_channels_are_those_of_our_own_networks(tmp_path):
    network = read_network(saved(tmp_path, reddish(channels=9)))
    assert _types(tmp_path, network, ()) == networks.TYPES


def test_thresholds_are_chosen_on_val_of_a_photo_set(tmp_path):
    bad = panel(height=96, width=96)
    bad[30:60, 30:60] = (250, 20, 20)
    mask = np.zeros((96, 96), bool)
    mask[30:60, 30:60] = True
    box = {"cls": "scratch", "bbox": [30, 30, 30, 30], "ignore": False}
    photos = [
        {"dataset": "doors", "stem": f"bad{n}", "split": "val", "rgb": bad, "mask": mask}
        | {"labels": [box]}
        for n in range(3)
    ] + [{"dataset": "doors", "stem": f"clean{n}", "split": "val"} for n in range(3)]
    data = write_photo_set(tmp_path / "photos", photos)
    told = []
    folder = wrap_network(
        saved(tmp_path, reddish()),
        tmp_path / "chosen",
        Operating(data=data),
        note="trial",
        progress=lambda done, of: told.append((done, of)),
    )
    card = read_card(folder)
    assert card["chosen_on_val"]["photos"] == 6 and card["chosen_on_val"]["tight"] == 1.0
    # Somebody else's network sees photos as they are.
    assert "long_sides_px" not in card["input"]
    assert "thresholds_from" not in card and card["note"] == "trial"
    assert "band_rule" in card and told[-1] == (6, 6)


def test_our_own_half_precision_file_is_wrapped_too(tmp_path, donor, monkeypatch):
    monkeypatch.setattr(networks, "lite_unet", brightness_network)
    own = networks.with_probabilities(networks.lite_unet())
    save_half(own, tmp_path / "unet.keras")
    monkeypatch.setattr("models.training.wrapping.golden_photos", _bright_golden_photos)
    folder = wrap_network(tmp_path / "unet.keras", tmp_path / "again", Operating(model=donor))
    assert open_segmenter(folder).types == networks.TYPES


def _bright_golden_photos(segment, thresholds):
    from tests.models import small_models

    return small_models.golden_photos()


def test_layers_of_keras_in_many_forms_are_no_code(tmp_path):
    photo = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 3, padding="same", kernel_regularizer="l2", activation="swish")(photo)
    x = layers.Add()([layers.BatchNormalization()(x), layers.SeparableConv2D(4, 1)(x)])
    network = keras.Model(photo, ops.sigmoid(layers.Conv2D(1, 1)(x)))
    network.compile("adam", "binary_crossentropy", jit_compile=False)
    assert read_network(saved(tmp_path, network)).output_shape[-1] == 1
    plain = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(1, 1)])
    plain.add(layers.Activation("sigmoid"))
    assert read_network(saved(tmp_path, plain)).output_shape[-1] == 1


# --- what is refused before it is opened ---


def test_a_network_with_a_lambda_is_refused_and_its_code_does_not_run(tmp_path):
    place = str(tmp_path / "ran")
    photo = keras.Input((None, None, 3))
    code = layers.Lambda(lambda pixels: pixels if open(place, "w") else 0)  # noqa: SIM115
    file = saved(tmp_path, keras.Model(photo, code(photo)))
    (tmp_path / "ran").unlink(missing_ok=True)
    assert "carries code" in refusal(read_network, file)
    assert not (tmp_path / "ran").exists()


def test_a_function_hidden_as_an_activation_is_refused(tmp_path):
    file = rewritten(
        saved(tmp_path, reddish(name="answer")),
        "config.json",
        lambda described: described["config"]["layers"][1]["config"].update(
            activation={
                "module": "builtins",
                "class_name": "function",
                "config": "print",
                "registered_name": "function",
            }
        ),
    )
    assert "'function' carries code" in refusal(read_network, file)


@pytest.mark.parametrize("module", ["os", "keras_evil", "models.network.unet", "builtins"])
def test_a_class_from_outside_keras_is_refused(tmp_path, module):
    file = rewritten(
        saved(tmp_path, reddish()),
        "config.json",
        lambda described: described["config"]["layers"][1].update(
            module=module, class_name="Conv2D", registered_name="x"
        ),
    )
    assert f"comes from '{module}', not from Keras" in refusal(read_network, file)


@pytest.mark.parametrize("version", ["2.12.0", "", "unknown", None])
def test_a_file_of_keras_2_or_of_no_version_is_refused(tmp_path, version):
    file = rewritten(
        saved(tmp_path, reddish()),
        "metadata.json",
        lambda described: described.update(keras_version=version),
    )
    assert "Keras 3 or newer is needed" in refusal(read_network, file)


def test_files_that_are_none_are_refused(tmp_path):
    letter = tmp_path / "letter.keras"
    letter.write_bytes(b"a letter to the paint shop")
    assert "not a whole .keras file" in refusal(read_network, letter)
    cut = saved(tmp_path, reddish())
    cut.write_bytes(cut.read_bytes()[:-300])
    assert "not a whole .keras file" in refusal(read_network, cut)
    assert "there is no such file" in refusal(read_network, tmp_path / "missing.keras")
    assert "only .keras files" in refusal(read_network, tmp_path / "old.h5")
    for part in ("config.json", "metadata.json"):
        listed = rewritten(saved(tmp_path, reddish()), part, dict.clear)
        assert str(listed) in refusal(read_network, listed)


# --- what is refused after it was opened ---


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (lambda: reddish(inputs=4), "3 colour channels"),
        (lambda: reddish(inputs=1), "3 colour channels"),
        (lambda: reddish(size=(128, 128)), "photos of 128 × 128 px only, any size is needed"),
        (lambda: reddish(activation=None), "end the network with a sigmoid"),
    ],
)
def test_a_network_of_another_shape_or_with_logits_is_refused(tmp_path, network, sentence):
    assert sentence in refusal(read_network, saved(tmp_path, network()))


def test_a_network_that_answers_at_another_size_is_refused(tmp_path):
    photo = keras.Input((None, None, 3))
    half = layers.Conv2D(1, 3, strides=2, padding="same", activation="sigmoid")(photo)
    file = saved(tmp_path, keras.Model(photo, half))
    assert "one answer a pixel is needed" in refusal(read_network, file)


def test_a_network_that_needs_larger_multiples_is_refused(tmp_path):
    photo = keras.Input((None, None, 3))
    deep = layers.UpSampling2D(64)(layers.AveragePooling2D(64)(photo))
    answer = layers.Conv2D(1, 1, activation="sigmoid")(layers.Concatenate()([photo, deep]))
    file = saved(tmp_path, keras.Model(photo, answer))
    assert "any multiple of 32 px is needed" in refusal(read_network, file)


def test_two_inputs_or_outputs_and_half_precision_are_refused(tmp_path):
    photo = keras.Input((None, None, 3))
    answer = layers.Conv2D(1, 1, activation="sigmoid")(photo)
    file = saved(tmp_path, keras.Model(photo, [answer, answer]))
    assert "1 inputs and 2 outputs" in refusal(read_network, file)
    half = layers.Conv2D(1, 1, activation="sigmoid", dtype="mixed_float16")(photo)
    assert "computes in float16" in refusal(read_network, saved(tmp_path, keras.Model(photo, half)))


def test_weights_and_answers_that_are_not_finite_are_refused(tmp_path):
    network = reddish()
    kernel, bias = network.layers[-1].get_weights()
    network.layers[-1].set_weights([kernel * np.nan, bias])
    assert "are not finite" in refusal(read_network, saved(tmp_path, network))
    photo = keras.Input((None, None, 3))
    nothing = layers.Conv2D(1, 1, kernel_initializer="zeros")(photo)
    file = saved(tmp_path, keras.Model(photo, ops.log(nothing - 1.0)))
    assert "answers numbers that are not finite" in refusal(read_network, file)


@pytest.mark.parametrize(
    ("channels", "types", "sentence"),
    [
        (2, (), "answers 2 channels, 1 or 1 + 8 are needed"),
        (3, ("scratch",), "answers 3 channels, 1 or 1 + 1 are needed"),
        (2, ("rust bubble",), "types ['rust bubble'] are not possible"),
        (3, ("dent", "dent"), "each once"),
    ],
)
def test_channels_and_types_must_agree(tmp_path, donor, channels, types, sentence):
    file = saved(tmp_path, reddish(channels))
    told = refusal(wrap_network, file, tmp_path / "new", Operating(model=donor), types=types)
    assert sentence in told


def test_a_network_that_misses_the_golden_scratch_leaves_no_folder(tmp_path, donor):
    blind = reddish()
    kernel, bias = blind.layers[-1].get_weights()
    blind.layers[-1].set_weights([kernel, bias - 300.0])
    weights = tmp_path / "weights"
    told = refusal(wrap_network, saved(tmp_path, blind), weights / "blind", Operating(model=donor))
    assert "golden scratch shows 0 defect pixels" in told
    assert not list(weights.iterdir())


@pytest.mark.parametrize("name", ["..", ".hidden", "a b", "ünet", "x" * 65])
def test_a_name_that_is_none_for_a_folder_is_refused(tmp_path, donor, name):
    told = refusal(wrap_network, tmp_path / "a.keras", tmp_path / name, Operating(model=donor))
    assert f"{name!r} is no name for a model folder" in told


def test_a_model_that_is_there_is_not_overwritten(tmp_path, donor):
    (tmp_path / "there").mkdir()
    file = saved(tmp_path, reddish())
    told = refusal(wrap_network, file, tmp_path / "there", Operating(model=donor))
    assert "there is a model of that name already" in told


def test_thresholds_come_from_one_place(tmp_path, donor):
    with pytest.raises(ValueError, match="either from a photo set or from a model"):
        Operating()
    with pytest.raises(ValueError, match="either from a photo set or from a model"):
        Operating(data=tmp_path, model=donor)
    file = saved(tmp_path, reddish())
    told = refusal(wrap_network, file, tmp_path / "new", Operating(model=tmp_path / "nobody"))
    assert "no model there" in told
    with pytest.raises(TrainingError, match=r"no manifest\.csv"):
        wrap_network(file, tmp_path / "new", Operating(data=tmp_path / "nothing"))
    assert not (tmp_path / "new").exists()
