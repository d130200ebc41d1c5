"""Smooth random distortions of finished pictures, for sets that hold no strokes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocr_cli.layout.raster import interpolated


@dataclass(frozen=True)
class Distortion:
    """Standard deviations of an affine map and of an elastic field (Simard et al., ICDAR 2003)."""

    rotation: float = 6.0  # degrees
    shear: float = 0.15
    scale: float = 0.08  # of the logarithm, each axis by itself
    shift: float = 1.0  # pixels
    elastic: float = 1.1  # pixels, at the nodes of a 5x5 grid
    pen: float = 0.5  # at most this share of a stroke one pixel wider or narrower

    def __call__(
        self, images: NDArray[np.float32], rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """(N, S, S) pictures, 0 ink to 1 paper, each distorted in its own way."""
        n, side, _ = images.shape
        at = np.arange(side, dtype=np.float32) - (side - 1) / 2
        y, x = self._affine(n, at, rng)
        grid = _interpolation(5, side)
        y = y + self._elastic(n, grid, rng)
        x = x + self._elastic(n, grid, rng)
        return self._pen(_sample(images, y + (side - 1) / 2, x + (side - 1) / 2), rng)

    def _elastic(
        self, n: int, grid: NDArray[np.float32], rng: np.random.Generator
    ) -> NDArray[np.float32]:
        nodes = rng.normal(0, self.elastic, (n, grid.shape[1], grid.shape[1]))
        return np.asarray(grid @ nodes @ grid.T, np.float32)

    def _affine(
        self, n: int, at: NDArray[np.float32], rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        angle = np.deg2rad(rng.normal(0, self.rotation, n))
        shear = rng.normal(0, self.shear, n)
        sy, sx = np.exp(rng.normal(0, self.scale, (2, n)))
        dy, dx = rng.normal(0, self.shift, (2, n))
        cos, sin = np.cos(angle), np.sin(angle)
        coefficients = (
            sy * cos,
            sy * sin,
            dy,
            -sx * (sin - shear * cos),
            sx * (cos + shear * sin),
            dx,
        )
        a, b, c, d, e, f = (v.astype(np.float32)[:, None, None] for v in coefficients)
        rows, columns = at[:, None], at[None]
        return a * rows + b * columns + c, d * rows + e * columns + f

    def _pen(self, images: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        """Strokes made wider (towards the darkest neighbour) or narrower (the brightest)."""
        if not self.pen:
            return images
        share = rng.uniform(-self.pen, self.pen, (len(images), 1, 1)).astype(np.float32)
        padded = np.pad(images, ((0, 0), (1, 1), (1, 1)), mode="edge")
        sides = (
            padded[:, :-2, 1:-1],
            padded[:, 2:, 1:-1],
            padded[:, 1:-1, :-2],
            padded[:, 1:-1, 2:],
        )
        dark, bright = images, images
        for neighbour in sides:
            dark, bright = np.minimum(dark, neighbour), np.maximum(bright, neighbour)
        moved = np.where(share > 0, dark, bright) - images
        return np.asarray(images + np.abs(share) * moved, np.float32)


def _interpolation(nodes: int, side: int) -> NDArray[np.float32]:
    """(side, nodes) weights of linear interpolation from evenly spaced nodes to pixels."""
    position = np.linspace(0, nodes - 1, side)
    weights = np.maximum(0, 1 - np.abs(position[:, None] - np.arange(nodes)[None]))
    return np.asarray(weights, np.float32)


def _sample(
    images: NDArray[np.float32], y: NDArray[np.float32], x: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Bilinear samples at (y, x); outside there is paper."""
    n, side, _ = images.shape
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)), constant_values=1.0)
    y, x = np.clip(y + 1, 0, side + 0.999), np.clip(x + 1, 0, side + 0.999)
    top, left = y.astype(np.int32), x.astype(np.int32)
    y -= top
    x -= left
    top += (np.arange(n, dtype=np.int32) * (side + 2))[:, None, None]
    return interpolated(padded.reshape(-1, side + 2), top, left, y, x)
