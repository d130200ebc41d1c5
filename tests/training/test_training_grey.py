"""Line models on grey strips: what they start from."""

import numpy as np
import pytest

from ocr_cli.data.charset import ASCII, WESTERN
from ocr_cli.modelfiles.weights import Model, for_use
from ocr_cli.nn import network
from ocr_cli.nn.layers import BatchNorm
from ocr_cli.training import grey as training_grey
from ocr_cli.training import lines as training_lines


@pytest.fixture(scope="module")
def small() -> Model:
    layers = training_lines.line_layers(len(ASCII))
    weights = network.init(layers, np.random.default_rng(0))
    return for_use(Model("line", ASCII, layers, weights, {}))


def test_settled_norms_change_nothing() -> None:
    layers = training_grey.grey_layers(len(WESTERN))
    weights = network.init(layers, np.random.default_rng(0))
    strips = np.random.default_rng(1).random((4, 48, 64), np.float32)
    bare = [(a, w) for a, w in zip(layers, weights, strict=True) if not isinstance(a, BatchNorm)]
    expected = network.forward(*zip(*bare, strict=True), strips[..., None])
    training_grey.settle(layers, weights, strips)
    found = network.forward(layers, weights, strips[..., None])
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_a_wider_network_starts_where_the_smaller_one_ended(small: Model) -> None:
    layers = training_grey.grey_layers(len(WESTERN))
    weights = training_grey.widened(small, WESTERN, np.random.default_rng(0))
    strips = np.random.default_rng(1).random((2, 48, 96), np.float32)
    training_grey.settle(layers, weights, strips)
    wide = network.forward(layers, weights, strips[..., None])
    before = network.forward(small.layers, small.weights, strips[..., None])
    old = [WESTERN.index(c) for c in ASCII] + [len(WESTERN)]
    assert np.corrcoef(wide[..., old].ravel(), before.ravel())[0, 1] > 0.9
    new = np.setdiff1d(np.arange(len(WESTERN)), old)
    assert wide[..., new].max() < before.mean() - 2  # letters that it never learnt are rare


def test_another_network_is_no_start() -> None:
    layers = training_lines.line_layers(len(ASCII))[:-4]
    odd = Model("line", ASCII, layers, network.init(layers, np.random.default_rng(0)), {})
    with pytest.raises(ValueError, match="other layers"):
        training_grey.widened(odd, WESTERN, np.random.default_rng(0))
