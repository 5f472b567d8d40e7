"""Every network becomes an ONNX graph that says what the network says."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from ceteris.engine import onnx
from ceteris.engine.classify import classify, trained_model
from ceteris.engine.onnx import to_onnx
from ceteris.errors import InputError
from ceteris.registry import part, parts, register
from ceteris.study.record import Record, Status

NARROW = {"width": 8, "growth": 8}
MEAN, STD = [0.45, 0.5, 0.4], [0.2, 0.25, 0.3]


def branching(classes, channels, image_size):
    """A network that asks what its numbers are."""

    class Branching(nn.Sequential):
        def forward(self, inputs):
            return super().forward(-inputs if inputs.sum() < 0 else inputs)

    return Branching(nn.Flatten(), nn.Linear(channels * image_size**2, classes))


@pytest.fixture
def made(recipe, shapes):
    """made(model, **options) -> record of a network of that name that has learnt nothing, with weights that matter."""

    def make(model, **options):
        chosen = recipe(model={"name": model, **options})
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            network = part("model", model).build(options, classes=4, channels=3, image_size=32)
            for parameter in network.parameters():
                parameter.data += 0.02 * torch.randn(parameter.shape)
        weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
        normalize = {"mean": MEAN, "std": STD}
        return Record("0" * 64, Status.FINISHED, chosen, 0, shapes.facts, {}, normalize=normalize, weights=weights)

    return make


def run_graph(content, images):
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(["logits", "probabilities"], {"images": images})


@pytest.mark.parametrize("model", [model.name for model in parts("model")])
def test_every_registered_model_becomes_a_graph_that_says_the_same(model, made, shapes):
    options = {option.name for option in part("model", model).options}
    record = made(model, **{name: value for name, value in NARROW.items() if name in options})
    pixels = shapes.test.pixels[:5]
    logits, probabilities = run_graph(to_onnx(record).content, pixels)
    normalised = (torch.from_numpy(pixels) / 255 - torch.tensor(MEAN)) / torch.tensor(STD)
    with torch.no_grad():
        own = trained_model(record)(normalised.permute(0, 3, 1, 2)).numpy()
    assert np.ptp(own, axis=0).max() > 1e-3 * np.abs(own).max(), "all images look the same to it"
    np.testing.assert_allclose(logits, own, rtol=1e-3, atol=1e-4 * np.abs(own).max())
    np.testing.assert_allclose(probabilities, classify(record, pixels), atol=1e-5)


def test_a_trained_network_is_tried_on_the_records_examples(run):
    record = run()
    graph = to_onnx(record)
    assert graph.images == len(record.examples["image"]) + onnx.DRAWN_IMAGES
    assert graph.apart <= 1e-5
    _, probabilities = run_graph(graph.content, record.examples["pixels"])
    assert (probabilities.argmax(1) == record.examples["predicted"]).all()


def test_a_graph_of_a_bf16_trial_computes_in_fp32(run, shapes):
    record = run(precision="bf16")
    in_fp32 = replace(record, recipe={**record.recipe, "precision": "fp32"})
    _, probabilities = run_graph(to_onnx(record).content, shapes.test.pixels)
    np.testing.assert_allclose(probabilities, classify(in_fp32, shapes.test.pixels), atol=1e-5)


def test_a_network_that_cannot_be_written_is_said_in_words(made, capfd):
    register("model")(branching)
    with pytest.raises(InputError, match=r"torch cannot write branching as an ONNX graph: [^\n]+\(`--no-onnx` exports"):
        to_onnx(made("branching"))
    assert capfd.readouterr() == ("", "")


def test_a_graph_that_says_something_else_is_refused(run, monkeypatch):
    monkeypatch.setattr(onnx, "_run", lambda content, images: np.full((len(images), 4), 0.25, np.float32))
    with pytest.raises(InputError, match=r"gives probabilities that are 0\.\d+ off the network's own"):
        to_onnx(run())


def test_what_onnx_runtime_cannot_run_is_said_in_words(run, monkeypatch):
    monkeypatch.setattr(onnx, "_written", lambda *_: b"no graph at all")
    with pytest.raises(InputError, match=r"^ONNX Runtime cannot run an ONNX graph: [^\n]+\(`--no-onnx`"):
        to_onnx(run())


def test_an_error_without_words_is_named(run, monkeypatch):
    monkeypatch.setattr(torch.onnx, "export", lambda *_, **__: (_ for _ in ()).throw(RuntimeError("")))
    with pytest.raises(InputError, match="torch cannot write tiny as an ONNX graph: RuntimeError"):
        to_onnx(run())


def test_a_record_without_weights_is_refused(run):
    with pytest.raises(InputError, match="has no weights"):
        to_onnx(replace(run(), weights={}))


def test_what_is_not_installed_is_named(monkeypatch):
    assert onnx.missing_libraries() == []
    monkeypatch.setattr(onnx, "LIBRARIES", ("onnx", "not_there"))
    assert onnx.missing_libraries() == ["not_there"]
