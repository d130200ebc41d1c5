"""The contexts of a language model's n-grams, and what each says of the next character."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_cli.recognition.language.interface import Ints

CODE_BITS = 7
CODE = (1 << CODE_BITS) - 1
LOWEST, STEP = -14.0, 14.0 / 126  # share byte q stands for exp(LOWEST + STEP (q - 1)), at most 1
SHARES = np.exp(LOWEST + STEP * (np.arange(256, dtype=np.float32) - 1)).clip(max=1)
_CACHED = 1 << 15  # rows kept for contexts met before; 9 MB

Bytes = NDArray[np.uint8]


class Tree:
    """Contexts by key, 7 bits a character with the latest lowest, and where their entries are.

    Keys ascend, as longer contexts come later and none has a leading code 0. The arrays are those
    of a `LanguageModel`.
    """

    def __init__(self, children: Bytes, codes: Bytes, shares: Bytes, rests: Bytes) -> None:
        is_context = children > 0
        self.codes, self.shares, self.rests = codes, shares, rests
        self.count = children[is_context]
        self.first = np.cumsum(self.count, dtype=np.int32) - self.count
        self.keys = self._keys(np.flatnonzero(is_context[1:]))

    def _keys(self, entries: NDArray[Any]) -> Ints:
        """(C,) the key of the root and of the context that each of `entries` makes."""
        keys = np.zeros(len(entries) + 1, np.int64)
        parent = np.repeat(np.arange(len(self.count), dtype=np.int32), self.count)[entries]
        codes = self.codes[entries]
        start, stop = 1, 1 + int(np.searchsorted(parent, 1))
        while start < stop:  # a level at a time
            keys[start:stop] = keys[parent[start - 1 : stop - 1]] << CODE_BITS
            keys[start:stop] |= codes[start - 1 : stop - 1]
            start, stop = stop, 1 + int(np.searchsorted(parent, stop))
        return keys

    def split(self, contexts: Ints) -> tuple[Ints, NDArray[np.float32], NDArray[np.float32]]:
        """The entries of (B,) contexts in a row, with their shares, and (B,) what is left."""
        count = self.count[contexts].astype(np.int64)
        ends = np.cumsum(count)
        entries = np.arange(ends[-1]) + np.repeat(self.first[contexts] - (ends - count), count)
        rest, shares = SHARES[self.rests[contexts]], SHARES[self.shares[entries]]
        scale = (1 - rest) / np.add.reduceat(shares, ends - count)
        return entries, shares * np.repeat(scale, count), rest

    def find_longest(self, keys: Ints, length: int) -> Ints:
        """(B,) the context of at most `length` last characters that the tree has, longest first."""
        found = np.zeros(len(keys), np.int64)
        left = np.arange(len(keys))
        for n in range(length, 0, -1):
            wanted = keys[left] & ((1 << (CODE_BITS * n)) - 1)
            at = np.searchsorted(self.keys, wanted)
            hit = self.keys.take(at, mode="clip") == wanted
            found[left[hit]] = at[hit]
            left = left[~hit]
            if not len(left):
                break
        return found


class Rows:
    """(C, F) probabilities of folded characters, worked out and kept as contexts are met."""

    def __init__(self, tree: Tree, symbols: int, order: int) -> None:
        self.tree, self.symbols, self.order = tree, symbols, order
        self._masks = ((1 << (CODE_BITS * np.arange(order))) - 1)[:, None]  # the last n characters
        self._clear()

    def _clear(self) -> None:
        self.place = np.full(len(self.tree.keys), -1, np.int32)
        self.kept = np.empty((256, self.symbols), np.float32)
        self.used = 0

    def of(self, contexts: Ints) -> NDArray[np.float32]:
        """(B,) contexts to (B, F) log-probabilities."""
        places = self._places(contexts)
        return np.log(self.kept[places])

    def some_of(self, contexts: Ints, codes: Ints) -> NDArray[np.float32]:
        """(B,) contexts and (B, K) places in their rows to (B, K) log-probabilities."""
        at = self._places(contexts)[:, None] * self.symbols + codes
        return np.log(self.kept.reshape(-1).take(at))

    def _places(self, contexts: Ints) -> NDArray[np.int32]:
        places = self.place[contexts]
        if places.min(initial=0) >= 0:
            return places
        missing = _distinct(contexts[places < 0])
        if len(missing) > _CACHED:
            raise ValueError(f"at most {_CACHED} contexts at once")
        if self.used + len(missing) > _CACHED:
            self._clear()
            missing = _distinct(contexts)
        self._keep(missing)
        return self.place[contexts]

    def _keep(self, contexts: Ints) -> None:
        until = self.used + len(contexts)
        if until > len(self.kept):
            grown = np.empty((min(2 * until, _CACHED), self.symbols), np.float32)
            grown[: self.used] = self.kept[: self.used]
            self.kept = grown
        self._fill(self.kept[self.used : until], contexts)
        self.place[contexts] = np.arange(self.used, until)
        self.used = until

    def _fill(self, rows: NDArray[np.float32], contexts: Ints) -> None:
        """(B, F) from even odds, then one character of context more at a time."""
        tree, keys = self.tree, self.tree.keys[contexts]
        wanted = keys & self._masks
        at = np.searchsorted(tree.keys, wanted)
        # Of a context shorter than n, what is wanted is itself, and has been seen to.
        hit = tree.keys.take(at, mode="clip") == wanted
        hit[1:] &= wanted[1:] != wanted[:-1]
        length, line = np.nonzero(hit)
        found = at[length, line]
        entries, shares, rest = tree.split(found)
        left = np.ones(hit.shape, np.float32)
        left[length, line] = rest
        count = tree.count[found]
        place = np.repeat(line * self.symbols, count) + tree.codes[entries] - 1
        ends = np.cumsum(np.bincount(length, count, self.order)).astype(np.int64)
        flat = rows.reshape(-1)
        rows[:] = 1 / self.symbols
        start = 0
        for n, end in enumerate(ends):
            rows *= left[n][:, None]
            flat[place[start:end]] += shares[start:end]
            start = end


def _distinct(values: Ints) -> Ints:
    """The values in order, each once; numpy's `unique` takes far longer over a few."""
    ordered = np.sort(values)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])]
