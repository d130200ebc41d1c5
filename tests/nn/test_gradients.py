"""Every layer's and loss's gradients against central differences, and what the checker sees."""

from dataclasses import dataclass

import numpy as np
import pytest

from ocr_cli.nn import gradient_check, layers, losses, network

REPORT = gradient_check.check_all(np.random.default_rng(0))


@pytest.mark.parametrize("row", REPORT, ids=lambda row: row.name)
def test_gradient_matches_central_differences(row: gradient_check.GradientError) -> None:
    assert row.checked > 0
    assert row.error < 1e-4


def test_every_layer_is_checked() -> None:
    checked = {name for row in REPORT for name in row.name.split("-")}
    assert {cls.__name__ for cls in network.LAYERS.values()} <= checked


def test_a_wrong_gradient_is_found() -> None:
    @dataclass(frozen=True)
    class Wrong(layers.Sigmoid):
        def backward(self, params, cache, dy, grads):
            return 1.01 * super().backward(params, cache, dy, grads)

    x = np.random.default_rng(0).standard_normal((4, 5))
    assert gradient_check.check_network((Wrong(),), x, np.random.default_rng(1)).error > 1e-3


def test_softmax_is_stable_and_sums_to_one() -> None:
    logits = np.array([[1e4, 0.0, -1e4], [0.0, 0.0, 0.0], [-1e4, -1e4, -1e4]], np.float32)
    p = losses.softmax(logits)
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(p[0], [1, 0, 0])
    loss, slope = losses.cross_entropy(logits, losses.one_hot(np.array([1, 0, 2]), 3))
    assert np.isfinite(loss)
    assert np.isfinite(slope).all()
    np.testing.assert_allclose(loss, 1e4 + 2 * np.log(3), rtol=1e-5)


def test_sigmoid_does_not_overflow() -> None:
    with np.errstate(all="raise"):
        y = layers.sigmoid(np.array([-1e4, 0, 1e4], np.float32))
    np.testing.assert_allclose(y, [0, 0.5, 1])


def test_xavier_start_has_the_right_spread() -> None:
    weights = layers.Dense(300, 100).init(np.random.default_rng(0))["weights"]
    bound = np.sqrt(6 / 400)
    assert abs(weights).max() <= bound
    np.testing.assert_allclose(weights.std(), bound / np.sqrt(3), rtol=0.02)


@pytest.mark.parametrize(("stride", "gap"), [(1, 1), (2, 1), (1, 3), (2, 2)])
def test_convolution_is_what_a_plain_loop_gives(stride: int, gap: int) -> None:
    rng = np.random.default_rng(0)
    layer = layers.Conv2d(2, 3, size=3, stride=stride, dilation=gap)
    params = layer.init(rng)
    x = rng.standard_normal((1, 5, 7, 2)).astype(np.float32)
    y, _ = layer.forward(params, x)
    padded = np.pad(x, ((0, 0), (gap, gap), (gap, gap), (0, 0)))
    assert y.shape == (1, -(-5 // stride), -(-7 // stride), 3)
    for i, j in np.ndindex(y.shape[1:3]):
        top, left = i * stride, j * stride
        window = padded[0, top : top + 2 * gap + 1 : gap, left : left + 2 * gap + 1 : gap]
        expected = np.einsum("ijc,ijco->o", window, params["weights"]) + params["bias"]
        np.testing.assert_allclose(y[0, i, j], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("columns", [1, 100, 400])
def test_a_convolution_in_parts_is_the_same(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    layer = layers.Conv2d(2, 3, size=3, stride=2, dilation=2)
    params = layer.init(rng, np.float64)
    x, dy = rng.standard_normal((3, 9, 7, 2)), rng.standard_normal((3, 5, 4, 3))

    def both_ways() -> list[np.ndarray]:
        y, cache = layer.forward(params, x)
        grads = {name: np.empty_like(value) for name, value in params.items()}
        return [y, layer.backward(params, cache, dy, grads), *grads.values()]

    whole = both_ways()
    monkeypatch.setattr(layers, "_COLUMNS", columns)
    for part, expected in zip(both_ways(), whole, strict=True):
        np.testing.assert_allclose(part, expected, atol=1e-12)


def test_fused_network_gives_the_same_output() -> None:
    rng = np.random.default_rng(0)
    parts = (
        layers.Conv2d(1, 4),
        layers.BatchNorm(4),
        layers.Relu(),
        layers.Dropout(0.5),
        layers.Flatten(),
        layers.Dense(4 * 64, 5),
        layers.BatchNorm(5),
    )
    weights = network.init(parts, rng)
    x = rng.standard_normal((16, 8, 8, 1)).astype(np.float32)
    for _ in range(20):
        network.forward_training(parts, weights, x, rng)  # moves the running statistics
    fused = network.fuse(parts, weights)
    assert not any(isinstance(layer, layers.BatchNorm | layers.Dropout) for layer in fused[0])
    np.testing.assert_allclose(
        network.forward(*fused, x), network.forward(parts, weights, x), rtol=1e-4, atol=1e-4
    )


def test_a_network_survives_its_description() -> None:
    parts = (layers.Conv2d(1, 4, 5, 2), layers.MaxPool2d(2, 1), layers.Dense(8, 2))
    assert network.from_description(network.layer_table(parts)) == parts
    with pytest.raises(ValueError, match="known layers"):
        network.from_description([["Nonsense", {}]])
