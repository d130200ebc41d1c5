"""Layers for sets: order means nothing, company does, and PyTorch computes and trains the same."""

import numpy as np
import pytest

from ocr_cli.nn import network
from ocr_cli.nn.attention import FeedForward, SelfAttention
from ocr_cli.nn.context import context_layers
from ocr_cli.training.characters import CLASSIFY, NumpyTrainer, Recipe


def test_the_order_of_a_set_means_nothing() -> None:
    rng = np.random.default_rng(0)
    layers = context_layers(9, 16, 5, 0.3)
    weights = network.init(layers, rng)
    x = rng.standard_normal((7, 9)).astype(np.float32)
    order = rng.permutation(7)
    there, turned = network.forward(layers, weights, x), network.forward(layers, weights, x[order])
    np.testing.assert_allclose(turned, there[order], atol=1e-5)


def test_only_attention_looks_at_the_others() -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((4, 8)).astype(np.float32)
    other = x.copy()
    other[0, 0] += 1
    for layer, moved in ((SelfAttention(8, 2), True), (FeedForward(8, 6), False)):
        params = layer.init(rng)
        before, after = layer.forward(params, x)[0], layer.forward(params, other)[0]
        assert (np.abs(before - after)[1:].max(1) > 1e-6).all() == moved


@pytest.mark.needs("torch")
def test_torch_gives_the_same_logits_and_steps() -> None:
    import torch

    from ocr_cli.nn.torch.backend import TorchTrainer, forward_torch

    rng = np.random.default_rng(2)
    layers = context_layers(9, 16, 5, 0.0)
    weights = network.init(layers, rng)
    x, offset = (rng.standard_normal((12, n)).astype(np.float32) for n in (9, 5))
    tensors = [{k: torch.tensor(v) for k, v in p.items()} for p in weights]
    with torch.no_grad():
        expected = forward_torch(torch, layers, tensors, torch.tensor(x), False).numpy()
    np.testing.assert_allclose(network.forward(layers, weights, x), expected, atol=1e-4)
    targets = CLASSIFY.targets(x, rng.integers(0, 5, 12), 5, 0.0)
    ours = NumpyTrainer(layers, weights, Recipe())
    theirs = TorchTrainer(layers, weights, "sgd", 0, 0, 0, 0, CLASSIFY.loss)
    first, second = (t.step(x, targets, 0.01, offset) for t in (ours, theirs))
    assert first[0] == pytest.approx(second[0], rel=0.02)  # PyTorch's in 16 bits
    for mine, its in zip(ours.weights(), theirs.weights(), strict=True):
        for name in mine:
            np.testing.assert_allclose(mine[name], its[name], atol=0.02)
