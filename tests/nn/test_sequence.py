"""Recurrent layers: padding changes nothing, and PyTorch computes and trains the same."""

import numpy as np
import pytest

from ocr_cli.nn import network
from ocr_cli.nn.layers import BatchNorm, Dense, Dropout, Relu
from ocr_cli.nn.sequence import BiGru, Columns, steps_of


def test_padding_and_fellows_change_nothing() -> None:
    rng = np.random.default_rng(0)
    layer = BiGru(3, 5)
    params = layer.init(rng)
    x = rng.standard_normal((3, 9, 3)).astype(np.float32)
    lengths = np.array([9, 4, 1])
    together, _ = layer.run(params, x, lengths)
    for row, n, found in zip(x, lengths, together, strict=True):
        alone, _ = layer.forward(params, row[None, :n])
        np.testing.assert_allclose(found[:n], alone[0], atol=1e-6)
        assert not found[n:].any()


@pytest.mark.parametrize("lengths", [[9, 4, 1], [2, 7, 7, 3], [5], [3, 0, 1]])
def test_what_lies_together_is_read_as_alone(lengths: list[int]) -> None:
    rng = np.random.default_rng(5)
    layer = BiGru(3, 5)
    params = layer.init(rng)
    rows = [rng.standard_normal((n, 3)).astype(np.float32) for n in lengths]
    steps = steps_of(lengths)
    found = layer.read(params, steps.together(rows), steps)
    for row, place in zip(rows, steps.place, strict=True):
        assert len(place) == len(row)
        if len(row):
            alone, _ = layer.forward(params, row[None])
            np.testing.assert_allclose(found[place], alone[0], atol=1e-6)


def test_each_direction_sees_its_own_side_alone() -> None:
    rng = np.random.default_rng(1)
    layer = BiGru(2, 4)
    params = layer.init(rng)
    x = rng.standard_normal((1, 6, 2))
    changed = x.copy()
    changed[0, 3] += 1
    difference = np.abs(layer.forward(params, x)[0] - layer.forward(params, changed)[0])[0]
    assert not difference[:3, :4].any()
    assert (difference[3:, :4].max(1) > 0).all()
    assert not difference[4:, 4:].any()
    assert (difference[:4, 4:].max(1) > 0).all()


def test_columns_become_steps() -> None:
    x = np.arange(24.0).reshape(1, 2, 3, 4)
    y, _ = Columns().forward({}, x)
    np.testing.assert_array_equal(y[0, 1], np.concatenate([x[0, 0, 1], x[0, 1, 1]]))


@pytest.mark.needs("torch")
def test_torch_gives_the_same_logits() -> None:
    import torch

    from ocr_cli.nn.torch.lines import forward_lines
    from ocr_cli.training.lines import line_layers

    rng = np.random.default_rng(2)
    layers = line_layers(95)
    weights = network.init(layers, rng)
    for layer, params in zip(layers, weights, strict=True):
        if isinstance(layer, BatchNorm):  # as after some training
            params["mean"] += 0.3 * rng.standard_normal(layer.channels).astype(np.float32)
            params["variance"] *= rng.uniform(0.5, 2, layer.channels).astype(np.float32)
    x = rng.random((2, 48, 64, 1), np.float32)
    tensors = [{k: torch.tensor(v) for k, v in p.items()} for p in weights]
    with torch.no_grad():
        expected = forward_lines(torch, layers, tensors, torch.tensor(x), False).numpy()
    assert expected.shape == (2, 16, 96)
    np.testing.assert_allclose(network.forward(layers, weights, x), expected, atol=1e-4)
    fused = network.forward(*network.fuse(layers, weights), x)
    np.testing.assert_allclose(fused, network.forward(layers, weights, x), atol=1e-4)


@pytest.mark.needs("torch")
def test_torch_has_the_same_gradients() -> None:
    import torch

    from ocr_cli.nn.torch.lines import forward_lines

    rng = np.random.default_rng(3)
    layers = (BiGru(3, 4), Dropout(0.0), Dense(8, 5), BatchNorm(5), Relu(), BiGru(5, 2))
    weights = network.init(layers, rng, np.float64)
    x = rng.standard_normal((3, 7, 3))
    y, caches = network.forward_training(layers, weights, x, rng)
    slope = rng.standard_normal(y.shape)
    _, grads = network.gradients_like(layers, weights)
    dx = network.backward(layers, weights, caches, slope, grads)
    tensors = [{k: torch.tensor(v) for k, v in p.items()} for p in weights]
    trained = [
        p[name].requires_grad_()
        for layer, p in zip(layers, tensors, strict=True)
        for name in layer.trainable
    ]
    inputs = torch.tensor(x, requires_grad=True)
    z = forward_lines(torch, layers, tensors, inputs, True)
    np.testing.assert_allclose(z.detach().numpy(), y, atol=1e-9)
    (z * torch.tensor(slope)).sum().backward()
    np.testing.assert_allclose(inputs.grad.numpy(), dx, atol=1e-9)
    expected = np.concatenate([t.grad.numpy().ravel() for t in trained])
    found = np.concatenate(
        [
            g[name].ravel()
            for layer, g in zip(layers, grads, strict=True)
            for name in layer.trainable
        ]
    )
    np.testing.assert_allclose(found, expected, atol=1e-8)


@pytest.mark.needs("torch")
def test_the_gru_of_gpus_gives_the_same() -> None:
    import torch

    from ocr_cli.nn.torch.lines import fused_bigru

    rng = np.random.default_rng(4)
    layer = BiGru(3, 4)
    (params,) = network.init((layer,), rng)
    for name in ("bias", "recurrent_bias"):
        params[name] += rng.standard_normal(params[name].shape).astype(np.float32)
    x = rng.standard_normal((2, 7, 3)).astype(np.float32)
    tensors = {k: torch.tensor(v) for k, v in params.items()}
    found = fused_bigru(torch, layer, tensors, torch.tensor(x), False).numpy()
    np.testing.assert_allclose(found, layer.forward(params, x)[0], atol=1e-5)
