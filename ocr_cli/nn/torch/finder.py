"""The row finder's training steps in PyTorch; the weights are the same .npz as ever."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from ocr_cli.nn.network import Layers, Weights
from ocr_cli.nn.torch.backend import AveragedTrainer, forward_torch, in_16_bits

Array = NDArray[Any]


class FinderTrainer(AveragedTrainer):
    """Takes steps with AdamW, and keeps a running average of the weights for use."""

    def __init__(
        self,
        layers: Layers,
        weights: Weights,
        decay: float,
        averaging: float,
        device: str = "auto",
    ) -> None:
        super().__init__(layers, weights, averaging, device)
        self._optimiser = self._torch.optim.AdamW(self._trained, lr=1e-3, weight_decay=decay)

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
        self._learn(loss + 0.1 * size_loss, 1.0)
        return float(loss.detach()), float(size_loss.detach())


def _parted(out: Any) -> tuple[Any, Any]:
    """(B, h, w, 24) as (B, 2h, 2w, 5) logits of kinds and (B, 2h, 2w) log spreads."""
    n, h, w, c = out.shape
    cells = out.reshape(n, h, w, 2, 2, c // 4).permute(0, 1, 3, 2, 4, 5)
    cells = cells.reshape(n, 2 * h, 2 * w, c // 4)
    return cells[..., :-1], cells[..., -1]
