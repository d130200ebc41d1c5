"""Training of line models in PyTorch: the same layers and weights as numpy's, CTC, AdamW."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.nn import layers as nn
from ocr_cli.nn.network import Layers, Weights
from ocr_cli.nn.sequence import BiGru, Columns
from ocr_cli.nn.torch.backend import (
    AveragedTrainer,
    copied,
    forward_torch,
    import_torch,
    in_16_bits,
    trainable,
)


def forward_lines(
    torch: Any, layers: Sequence[nn.Layer], weights: Any, x: Any, training: bool
) -> Any:
    """(N, 48, W, 1) strips to (N, T, C) logits; recurrent layers always in full precision."""
    for layer, p in zip(layers, weights, strict=True):
        match layer:
            case Columns():
                x = x.permute(0, 2, 1, 3).flatten(2)
            case BiGru():
                with torch.autocast(x.device.type, enabled=False):
                    whole = x.float() if x.dtype == torch.bfloat16 else x
                    own = _bigru if x.device.type == "cpu" else fused_bigru
                    x = own(torch, layer, p, whole, training)
            case nn.Dropout(rate=rate) if x.dim() == 3:
                if training:  # one mask for all steps: Gal and Ghahramani, NIPS 2016
                    kept = torch.rand(len(x), 1, x.shape[2], device=x.device) >= rate
                    x = x * (kept / (1 - rate)).to(x.dtype)
            case nn.BatchNorm() if x.dim() == 3:
                n, t, c = x.shape
                x = forward_torch(torch, (layer,), (p,), x.reshape(n * t, c), training)
                x = x.reshape(n, t, c)
            case _:
                x = forward_torch(torch, (layer,), (p,), x, training)
    return x


def _bigru(torch: Any, layer: BiGru, p: Any, x: Any, training: bool) -> Any:
    names = ("weights", "recurrent", "bias", "recurrent_bias")
    # in training the inputs' products, but not the recurrent ones, are made in 16 bits
    product = torch.bfloat16 if training and x.dtype == torch.float32 else x.dtype
    return _bigru_function().apply(x, *(p[name] for name in names), product)


def fused_bigru(torch: Any, layer: BiGru, p: Any, x: Any, training: bool) -> Any:
    """`nn.sequence.BiGru` by PyTorch's own GRU, which is one kernel on a GPU."""
    flat = [
        part.t().contiguous() if part.dim() == 2 else part
        for d in range(2)
        for part in (p[n][d] for n in ("weights", "recurrent", "bias", "recurrent_bias"))
    ]
    start = x.new_zeros(2, len(x), layer.units)
    return torch.gru(x, start, flat, True, 1, 0.0, training, True, True)[0]


@cache
def _bigru_function() -> Any:
    """`nn.sequence.BiGru` as one operation: both directions at once, gradients by hand.

    PyTorch's own GRU records seven operations a step and direction on a CPU; this one takes
    half the time of a training step with long sequences.
    """
    torch = import_torch()

    class Function(torch.autograd.Function):  # type: ignore[misc, name-defined]
        @staticmethod
        def forward(ctx: Any, *given: Any) -> Any:
            y, kept = _bigru_forward(torch, *given)
            ctx.half = given[-1]
            ctx.save_for_backward(*kept)
            return y

        @staticmethod
        def backward(ctx: Any, dy: Any) -> Any:
            return *_bigru_backward(torch, ctx.saved_tensors, dy, ctx.half), None

    return Function


def _bigru_forward(
    torch: Any, x: Any, weights: Any, recurrent: Any, bias: Any, recurrent_bias: Any, half: Any
) -> tuple[Any, tuple[Any, ...]]:
    """(N, T, inputs) to (N, T, 2 units), and what the way back needs.

    half : the type in which the inputs' products are made. In what is kept, time comes first,
    then the direction, of which the second runs through time backwards.
    """
    n, steps, _ = x.shape
    u = recurrent.shape[1]
    pre = x.new_empty(steps, 2, n, 3 * u)
    by_time = x.to(half).transpose(0, 1).reshape(steps * n, -1)
    both = torch.mm(by_time, weights.to(half).transpose(0, 1).flatten(1)).view(steps, n, 2, 3 * u)
    pre[:, 0] = both[:, :, 0]
    pre[:, 1] = both[:, :, 1].flip(0)
    pre += bias[:, None]
    gates, pre_new = pre[..., : 2 * u], pre[..., 2 * u :]
    gates += recurrent_bias[:, None, : 2 * u]
    states = x.new_zeros(steps + 1, 2, n, u)
    product = x.new_empty(steps, 2, n, u)
    for before, after, g, new, part in zip(
        states, states[1:], gates, pre_new, product, strict=False
    ):
        h = torch.bmm(before, recurrent)
        g.add_(h[..., : 2 * u]).sigmoid_()
        torch.add(h[..., 2 * u :], recurrent_bias[:, None, 2 * u :], out=part)
        new.addcmul_(g[..., :u], part).tanh_()
        torch.lerp(new, before, g[..., u:], out=after)
    y = torch.cat([states[1:, 0], states[1:, 1].flip(0)], -1).transpose(0, 1)
    return y, (x, weights, recurrent, states, pre, product)


def _bigru_backward(torch: Any, kept: tuple[Any, ...], dy: Any, half: Any) -> tuple[Any, ...]:
    """The slopes of what `_bigru_forward` was given, in its order, of (N, T, 2 units) slopes."""
    x, weights, recurrent, states, gates, product = kept
    u, steps = recurrent.shape[1], len(product)
    dh, dnew = _slopes_in_time(torch, recurrent, states, gates, product, dy)
    before = states[:-1].transpose(0, 1).flatten(1, 2)
    flat = dh.transpose(0, 1).flatten(1, 2)  # a copy: `dh` changes below
    drecurrent = torch.bmm(before.to(half).transpose(1, 2), flat.to(half)).to(x.dtype)
    dh[..., 2 * u :] = dnew  # the inputs come in behind the reset gate
    dpre = torch.cat([dh[:, 0], dh[:, 1].flip(0)], -1).flatten(0, 1)
    narrow = dpre.to(half)
    inputs = x.to(half).transpose(0, 1).flatten(0, 1)
    dweights = torch.mm(inputs.t(), narrow).view(-1, 2, 3 * u).transpose(0, 1)
    dx = torch.mm(narrow, weights.to(half).transpose(0, 1).flatten(1).t())
    dx = dx.view(steps, len(x), -1).transpose(0, 1).to(x.dtype)
    return dx, dweights.to(x.dtype), drecurrent, dpre.sum(0).view(2, 3 * u), flat.sum(1)


def _slopes_in_time(
    torch: Any, recurrent: Any, states: Any, gates: Any, product: Any, dy: Any
) -> tuple[Any, Any]:
    """(T, 2, N, 3 units) slopes of what the states give the gates, (T, 2, N, units) of `new`."""
    u = recurrent.shape[1]
    by_time = dy.transpose(0, 1)
    slopes = torch.stack([by_time[..., :u], by_time[..., u:].flip(0)], 1)
    reset, update, new = gates.split(u, -1)
    to_new = (1 - update) * (1 - new * new)
    to_update = (states[:-1] - new) * update * (1 - update)
    to_reset = product * reset * (1 - reset)
    dh, dnew = torch.empty_like(gates), torch.empty_like(product)
    back = recurrent.transpose(1, 2).contiguous()
    flow = torch.zeros_like(states[0])
    for t in range(len(product) - 1, -1, -1):
        slope, d, dn = slopes[t].add_(flow), dh[t], dnew[t]
        torch.mul(slope, to_new[t], out=dn)
        torch.mul(dn, to_reset[t], out=d[..., :u])
        torch.mul(slope, to_update[t], out=d[..., u : 2 * u])
        torch.mul(dn, reset[t], out=d[..., 2 * u :])
        flow = torch.baddbmm(slope.mul_(update[t]), d, back)
    return dh, dnew


class TorchLineTrainer(AveragedTrainer):
    """Takes training steps on batches of strips; keeps a running average of the weights."""

    def __init__(
        self,
        layers: Layers,
        weights: Weights,
        decay: float,
        clip: float,
        averaging: float,
        device: str = "auto",
    ) -> None:
        super().__init__(layers, weights, averaging, device)
        named = trainable(layers, self._weights)
        bare = [p[name] for p, name in named if p[name].dim() < 2 or "bias" in name]
        heavy = [t for t in self._trained if all(t is not b for b in bare)]
        groups = [{"params": heavy, "weight_decay": decay}, {"params": bare, "weight_decay": 0.0}]
        self._optimiser = self._torch.optim.AdamW(groups, lr=1.0, betas=(0.9, 0.98))
        self._clip = clip

    def step(
        self,
        images: NDArray[np.floating[Any]],
        widths: NDArray[np.int64],
        targets: NDArray[np.int64],
        lengths: NDArray[np.int64],
        lr: float,
    ) -> float:
        """One step; (B, 48, W) strips, (sum of lengths,) class numbers: nats a character."""
        torch = self._torch
        for group in self._optimiser.param_groups:
            group["lr"] = lr
        logits = self._logits(self._weights, images, training=True)
        scores = torch.log_softmax(logits.float(), -1).transpose(0, 1)
        loss = torch.nn.functional.ctc_loss(
            scores,
            torch.from_numpy(targets).to(self._device),
            torch.from_numpy(widths // 4),
            torch.from_numpy(lengths),
            blank=logits.shape[-1] - 1,
            reduction="sum",
            zero_infinity=True,
        ) / int(lengths.sum())
        self._learn(loss, self._clip, start=1)
        return float(loss.detach())

    def _logits(self, weights: Any, images: NDArray[np.floating[Any]], training: bool) -> Any:
        torch = self._torch
        with in_16_bits(torch, self._device):
            x = torch.from_numpy(images[..., None]).to(self._device).float()
            return forward_lines(torch, self.layers, weights, x, training)

    def logits(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """(B, 48, W) strips to (B, T, C) logits, by the running average of the weights."""
        with self._torch.no_grad():
            found = self._logits(self._average, images, training=False).float().cpu().numpy()
        return np.asarray(found, np.float32)

    def state(self) -> dict[str, Any]:
        """All that `restore` needs to go on as if nothing had happened."""
        return {
            "weights": copied(self._weights),
            "average": self._average,
            "optimiser": self._optimiser.state_dict(),
            "steps": self._steps,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Takes up the state of an earlier run; ValueError where that had other layers."""
        torch = self._torch
        with torch.no_grad():
            for own, saved in (
                (self._weights, state["weights"]),
                (self._average, state["average"]),
            ):
                for p, q in zip(own, saved, strict=True):
                    for k, v in p.items():
                        if v.shape != q[k].shape:
                            raise ValueError(f"{k} has another shape")
                        v.copy_(q[k])
        self._optimiser.load_state_dict(state["optimiser"])
        self._steps = int(state["steps"])
