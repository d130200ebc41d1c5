"""Convolutions by minimal filtering against the plain sum, in whatever shape and parts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_cli.nn import layers, network, winograd

SIDES = st.integers(1, 21)


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(0, 3),
    sides=st.tuples(SIDES, SIDES),
    channels=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    dilation=st.integers(1, 9),
    numbers=st.sampled_from([1, 3_000, 200_000]),
    rectified=st.booleans(),
    pool=st.tuples(st.integers(1, 2), st.integers(1, 2)),
)
def test_it_is_the_plain_convolution(
    n: int,
    sides: tuple[int, int],
    channels: tuple[int, int],
    dilation: int,
    numbers: int,
    rectified: bool,
    pool: tuple[int, int],
) -> None:
    rng = np.random.default_rng(0)
    dilation = 1 if max(pool) > 1 else dilation
    sides = sides[0] * pool[0], sides[1] * pool[1]
    layer = layers.Conv2d(*channels, dilation=dilation)
    params = {**layer.init(rng, np.float64), "bias": rng.standard_normal(channels[1])}
    x = rng.standard_normal((n, *sides, channels[0]))
    expected, _ = layer.forward(params, x)
    if rectified:
        expected = np.maximum(expected, 0)
    expected, _ = layers.MaxPool2d(*pool).forward({}, expected)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(winograd, "_NUMBERS", numbers)
        kernel = params["weights"], params["bias"]
        found = winograd.Convolution(*kernel, dilation, rectified, pool)(x)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_single_precision_is_enough() -> None:
    rng = np.random.default_rng(1)
    layer = layers.Conv2d(128, 128)
    params = layer.init(rng)
    x = np.maximum(rng.standard_normal((1, 6, 40, 128)), 0).astype(np.float32)
    expected, _ = layer.forward(params, x)
    assert layer.in_use(params)(x).dtype == np.float32
    assert abs(layer.in_use(params)(x) - expected).max() < 2e-5 * abs(expected).max()


def test_a_network_in_use_gives_what_its_layers_give_and_leaves_its_input() -> None:
    rng = np.random.default_rng(2)
    net = (
        *(layers.Relu(), layers.Conv2d(2, 16, 5, 2), layers.Relu()),
        *(layers.Conv2d(16, 16, dilation=2), layers.Relu(), layers.MaxPool2d(2, 2)),
        *(layers.Conv2d(16, 4, size=1), layers.Flatten(), layers.Relu(), layers.Dense(24, 3)),
        layers.Relu(),
    )
    weights = network.init(net, rng)
    x = rng.standard_normal((2, 8, 12, 2)).astype(np.float32)
    given_, expected = x.copy(), x
    for layer, params in zip(net, weights, strict=True):
        expected, _ = layer.forward(params, expected)
    np.testing.assert_allclose(network.forward(net, weights, x), expected, atol=1e-5)
    np.testing.assert_array_equal(x, given_)
