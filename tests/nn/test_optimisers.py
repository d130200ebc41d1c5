"""Each optimiser's steps against their closed form, written out in plain floats."""

from math import cos, pi, sqrt

import numpy as np
import pytest

from ocr_cli.nn.optimisers import Adam, Sgd, cosine, newest

WEIGHTS, GRADS, RATE = (1.0, -2.0, 0.5), ((0.3, -0.1, 0.0), (0.2, 0.4, -1.0)), 0.1


def walked(optimiser: Sgd | Adam) -> np.ndarray:
    """The weights after a step along each of GRADS."""
    weights = np.array(WEIGHTS)
    for grads in GRADS:
        optimiser.step(weights, np.array(grads), RATE)
    return weights


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_sgd(momentum: float, decay: float) -> None:
    """v ← μ v + g + λ w, w ← w - η v: decay is part of the gradient (L2)."""
    expected = []
    for w, first, second in zip(WEIGHTS, *GRADS, strict=True):
        velocity = first + decay * w
        after = w - RATE * velocity
        velocity = momentum * velocity + second + decay * after
        expected.append(after - RATE * velocity)
    np.testing.assert_allclose(walked(Sgd(momentum, decay)), expected, rtol=1e-12)


@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_adam(decay: float) -> None:
    """Algorithm 1 of Kingma and Ba with both corrections; decay beside it, as AdamW has it."""
    beta1, beta2, epsilon = 0.9, 0.999, 1e-8
    expected = []
    for w, *grads in zip(WEIGHTS, *GRADS, strict=True):
        after, mean, square = w, 0.0, 0.0
        for step, grad in enumerate(grads, 1):
            mean = beta1 * mean + (1 - beta1) * grad
            square = beta2 * square + (1 - beta2) * grad**2
            away = mean / (1 - beta1**step) / (sqrt(square / (1 - beta2**step)) + epsilon)
            after = after - RATE * decay * after - RATE * away
        expected.append(after)
    np.testing.assert_allclose(walked(Adam(decay=decay)), expected, rtol=1e-7, atol=1e-12)


def test_adams_first_step_is_the_rate_whatever_the_gradient() -> None:
    weights = np.zeros(3)
    Adam().step(weights, np.array([1e-3, -5.0, 200.0]), RATE)
    np.testing.assert_allclose(weights, [-RATE, RATE, -RATE], rtol=1e-4)


def test_the_rate_rises_and_falls() -> None:
    factors = [cosine(step, 10, warmup=2) for step in range(10)]
    assert factors[:3] == [0.5, 1.0, 1.0]
    assert factors[6] == pytest.approx(0.5 * (1 + cos(pi / 2)))
    assert factors[2:] == sorted(factors[2:], reverse=True)
    assert 0 < factors[-1] < 0.05


def test_the_average_is_young_first_and_as_slow_as_asked_at_last() -> None:
    assert newest(0.999, 1) == pytest.approx(0.9)
    assert newest(0.999, 91) == pytest.approx(0.09)
    assert newest(0.999, 10**6) == pytest.approx(0.001)
