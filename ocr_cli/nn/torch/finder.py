"""The row finder's training steps in PyTorch; the weights are the same .npz as ever."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from ocr_cli.nn.network import Layers, Weights
from ocr_cli.nn.torch.backend import (
    copied,
    device_of,
    follow,
    forward_torch,
    import_torch,
    in_16_bits,
    to_numpy,
    to_torch,
    trainable,
)

Array = NDArray[Any]


class FinderTrainer:
    """Takes steps with AdamW, and keeps a running average of the weights for use."""

    def __init__(
        self,
        layers: Layers,
        weights: Weights,
        decay: float,
        averaging: float,
        device: str = "auto",
    ) -> None:
        self._torch = torch = import_torch()
        self._device = device_of(device)
        self.layers = layers
        self._weights = to_torch(torch, weights, self._device)
        self._trained = [p[name].requires_grad_() for p, name in trainable(layers, self._weights)]
        self._optimiser = torch.optim.AdamW(self._trained, lr=1e-3, weight_decay=decay)
        self._averaging, self._steps = averaging, 0
        self._average = copied(self._weights)

    def step(
        self, x: Array, kind: Array, log_spread: Array, weight: Array, rate: float
    ) -> tuple[float, float]:
        """One step on (B, s, s, 1) pictures; the losses of kind and of size.

        kind : (B, c, c, 5) shares of nothing and of rows by quarter turns; log_spread, weight :
        (B, c, c).
        """
        torch = self._torch
        self._optimiser.param_groups[0]["lr"] = rate
        x, kind, log_spread, weight = (
            torch.from_numpy(one).to(self._device) for one in (x, kind, log_spread, weight)
        )
        with in_16_bits(torch, self._device):
            out = forward_torch(torch, self.layers, self._weights, x, True)
        kinds, sizes = _parted(out.float())
        entropy = -(kind * torch.log_softmax(kinds, -1)).sum(-1)
        loss = (entropy * weight).sum() / weight.sum()
        sure = (1 - kind[..., 0]) > 0.5
        wrong = (sizes - log_spread).abs() * sure
        size_loss = wrong.sum() / (sure.sum() + 50)
        self._optimiser.zero_grad()
        (loss + 0.1 * size_loss).backward()
        torch.nn.utils.clip_grad_norm_(self._trained, 1.0)
        self._optimiser.step()
        self._steps += 1
        follow(torch, self._average, self._weights, max(1 - self._averaging, 1 / self._steps))
        return float(loss.detach()), float(size_loss.detach())

    def weights(self) -> Weights:
        """The running average as numpy arrays of their own."""
        return to_numpy(self._average)


def _parted(out: Any) -> tuple[Any, Any]:
    """(B, h, w, 24) as (B, 2h, 2w, 5) logits of kinds and (B, 2h, 2w) log spreads."""
    n, h, w, c = out.shape
    cells = out.reshape(n, h, w, 2, 2, c // 4).permute(0, 1, 3, 2, 4, 5)
    cells = cells.reshape(n, 2 * h, 2 * w, c // 4)
    return cells[..., :-1], cells[..., -1]
