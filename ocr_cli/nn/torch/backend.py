"""The optional PyTorch back end: the same layers and weights, trained faster.

Weights keep the shapes that numpy uses, so a trained network is the same .npz whichever
back end made it. Needs the [torch] extra.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.errors import MissingExtraError, UsageError
from ocr_cli.nn import layers as nn
from ocr_cli.nn.attention import FeedForward, LayerNorm, SelfAttention
from ocr_cli.nn.network import Layers, Weights
from ocr_cli.nn.optimisers import newest


def import_torch(purpose: str = "--backend torch") -> Any:
    """The torch module; MissingExtraError, which names the purpose, where it is not installed."""
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("PyTorch", "torch", purpose) from error
    return torch


def check_torch(purpose: str = "--backend torch") -> None:
    """MissingExtraError where PyTorch is not installed; without loading it, which takes long."""
    if importlib.util.find_spec("torch") is None:
        raise MissingExtraError("PyTorch", "torch", purpose)


def device_of(name: str) -> Any:
    """The torch.device called cpu, cuda or mps, or auto, which is a GPU where there is one.

    UsageError where it is not there.
    """
    torch = import_torch()
    there = {"cpu": True, "cuda": torch.cuda.is_available()}
    there["mps"] = bool(getattr(torch.backends, "mps", None)) and torch.backends.mps.is_available()
    if name == "auto":
        name = "cuda" if there["cuda"] else "cpu"
    if not there.get(name):
        found = ", ".join(one for one, is_there in there.items() if is_there)
        raise UsageError(f"--device {name}: PyTorch finds no such device", f"there is {found}")
    return torch.device(name)


def is_gpu(name: str) -> bool:
    """Whether a device, see `device_of`, is an Nvidia GPU."""
    return bool(device_of(name).type == "cuda")


def in_16_bits(torch: Any, device: Any) -> Any:
    """The context in which products are made in 16 bits, where the device knows how."""
    knows = device.type == "cpu" or (device.type == "cuda" and torch.cuda.is_bf16_supported())
    return torch.autocast(device.type, torch.bfloat16, enabled=knows)


def to_torch(torch: Any, weights: Weights, device: Any) -> list[dict[str, Any]]:
    """The weights as tensors of their own on a device."""
    return [{k: torch.tensor(v, device=device) for k, v in p.items()} for p in weights]


def trainable(layers: Layers, weights: list[dict[str, Any]]) -> list[tuple[dict[str, Any], str]]:
    """The places of the tensors that are trained: each layer's, and their names."""
    pairs = zip(layers, weights, strict=True)
    return [(params, name) for layer, params in pairs for name in layer.trainable]


def copied(weights: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same numbers in tensors of their own."""
    return [{k: v.detach().clone() for k, v in p.items()} for p in weights]


def to_numpy(weights: Sequence[dict[str, Any]]) -> Weights:
    """Tensors as numpy arrays of their own."""
    return tuple({k: v.detach().cpu().numpy().copy() for k, v in p.items()} for p in weights)


def forward_torch(  # noqa: C901, PLR0912 -- one case a layer
    torch: Any, layers: Sequence[nn.Layer], weights: Any, x: Any, training: bool
) -> Any:
    """The network's output as a tensor; shapes as in `nn.network.forward`."""
    f = torch.nn.functional
    for layer, p in zip(layers, weights, strict=True):
        match layer:
            case nn.Dense():
                x = f.linear(x, p["weights"].t(), p["bias"])
            case nn.Conv2d(size=size, stride=stride, dilation=gap):
                kernel = p["weights"].permute(3, 2, 0, 1)
                pad = size // 2 * gap
                x = f.conv2d(x.permute(0, 3, 1, 2), kernel, p["bias"], stride, pad, gap)
                x = x.permute(0, 2, 3, 1)
            case nn.MaxPool2d(height=height, width=width):
                x = f.max_pool2d(x.permute(0, 3, 1, 2), (height, width)).permute(0, 2, 3, 1)
            case nn.BatchNorm():
                x = _batch_norm(f, layer, p, x, training)
            case nn.Relu():
                x = torch.relu(x)
            case nn.Sigmoid():
                x = torch.sigmoid(x)
            case nn.Invert():
                x = 1.0 - x
            case nn.Flatten():
                x = x.reshape(len(x), -1)
            case nn.Dropout(rate=rate):
                x = f.dropout(x, rate, training)
            case LayerNorm(channels=channels):
                x = f.layer_norm(x, (channels,), p["scale"], p["shift"])
            case SelfAttention() | FeedForward():
                x = x + f.dropout(_added(f, layer, p, x), layer.dropout, training)
            case _:
                raise NotImplementedError(type(layer).__name__)
    return x


def _batch_norm(f: Any, layer: nn.BatchNorm, p: Any, x: Any, training: bool) -> Any:
    channels_first = x.permute(0, 3, 1, 2) if x.dim() == 4 else x
    y = f.batch_norm(
        channels_first,
        p["mean"],
        p["variance"],
        p["scale"],
        p["shift"],
        training,
        layer.momentum,
        layer.epsilon,
    )
    return y.permute(0, 2, 3, 1) if x.dim() == 4 else y


def _added(f: Any, layer: SelfAttention | FeedForward, p: Any, x: Any) -> Any:
    """The output of a block on (N, width), before dropout; see `nn.attention`."""
    normal = f.layer_norm(x, (layer.width,), p["scale"], p["shift"])
    hidden = f.linear(normal, p["weights"].t(), p["bias"])
    if isinstance(layer, SelfAttention):
        parts = hidden.reshape(len(x), 3, layer.heads, -1).permute(1, 2, 0, 3)
        query, key, value = parts.unsqueeze(1)
        drawn = f.scaled_dot_product_attention(query, key, value)[0]
        hidden = drawn.permute(1, 0, 2).reshape(len(x), -1)
    else:
        hidden = f.relu(hidden)
    return f.linear(hidden, p["out_weights"].t(), p["out_bias"])


# The counterparts of `nn.losses.LOSSES`.
LOSSES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "cross-entropy": lambda torch, logits, targets: torch.nn.functional.cross_entropy(
        logits, targets, reduction="sum"
    ),
    "squared error of sigmoids": lambda torch, logits, targets: torch.nn.functional.mse_loss(
        torch.sigmoid(logits), targets, reduction="sum"
    ),
}


class TorchNetwork:
    """A network on a device: its layers, its weights, and the tensors of these that are trained."""

    def __init__(self, layers: Layers, weights: Weights, device: str) -> None:
        self._torch = import_torch()
        self._device = device_of(device)
        self.layers = layers
        self._weights = to_torch(self._torch, weights, self._device)
        self._trained = [p[name].requires_grad_() for p, name in trainable(layers, self._weights)]
        self._steps = 0


class AveragedTrainer(TorchNetwork):
    """A network in training, and the running average of all its weights, which is for use."""

    _optimiser: Any

    def __init__(self, layers: Layers, weights: Weights, averaging: float, device: str) -> None:
        super().__init__(layers, weights, device)
        self._averaging, self._average = averaging, copied(self._weights)

    def _learn(self, loss: Any, clip: float, start: int = 0) -> None:
        """Take a step, its gradients at most `clip` long; none where they are no numbers.

        start : for how many steps the first weights count in the average.
        """
        torch = self._torch
        self._optimiser.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self._trained, clip)
        if bool(torch.isfinite(norm)):
            self._optimiser.step()
        self._steps += 1
        share = max(1 - self._averaging, 1 / (start + self._steps))
        pairs = [
            (mean[name], own[name].detach())
            for mean, own in zip(self._average, self._weights, strict=True)
            for name in own
        ]
        torch._foreach_lerp_([mean for mean, _ in pairs], [own for _, own in pairs], share)

    def weights(self) -> Weights:
        """The running average of the weights, as numpy arrays of their own."""
        return to_numpy(self._average)


class TorchTrainer(TorchNetwork):
    """Takes training steps in PyTorch; the counterpart of `characters.NumpyTrainer`."""

    def __init__(
        self,
        layers: Layers,
        weights: Weights,
        optimiser: str,
        momentum: float,
        decay: float,
        averaging: float,
        seed: int,
        loss: str,
        device: str = "auto",
    ) -> None:
        super().__init__(layers, weights, device)
        torch, self._loss = self._torch, LOSSES[loss]
        torch.manual_seed(seed % 2**63)
        if optimiser == "adam":
            self._optimiser = torch.optim.AdamW(self._trained, lr=1.0, weight_decay=decay)
        else:
            self._optimiser = torch.optim.SGD(
                self._trained, lr=1.0, momentum=momentum, weight_decay=decay
            )
        self._averaging = averaging
        self._average = [t.detach().clone() for t in self._trained]

    def step(
        self,
        x: NDArray[np.float32],
        targets: NDArray[np.float32],
        lr: float,
        offset: NDArray[np.float32] | None = None,
    ) -> Any:
        """One step on a batch: (loss summed over it, (N, C) logits); `offset` is added to these."""
        torch = self._torch
        self._optimiser.param_groups[0]["lr"] = lr
        with in_16_bits(torch, self._device):
            logits = forward_torch(torch, self.layers, self._weights, self._moved(x), True)
        logits = logits.float() if offset is None else logits.float() + self._moved(offset)
        loss = self._loss(torch, logits, self._moved(targets))
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
        self._steps += 1
        if self._averaging:
            share = newest(self._averaging, self._steps)
            torch._foreach_lerp_(self._average, [t.detach() for t in self._trained], share)
        return float(loss.detach()), logits.detach().cpu().numpy()

    def _moved(self, values: NDArray[np.float32]) -> Any:
        return self._torch.from_numpy(values).to(self._device)

    def weights(self) -> Weights:
        """The weights (their running average, if one is kept) as numpy arrays of their own."""
        source = iter(self._average if self._averaging else self._trained)
        # dict order is the order of `trainable` first, so `next` meets its own tensor
        return to_numpy(
            [
                {k: next(source) if k in layer.trainable else v for k, v in params.items()}
                for layer, params in zip(self.layers, self._weights, strict=True)
            ]
        )
