"""The interface of a language model for decoders: the next character after a prefix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class Language(Protocol):
    """Log-probability of the next character after a prefix; see `recognition.language`."""

    @property
    def alphabet(self) -> str: ...

    def start(self) -> int: ...

    def log_probabilities(self, states: Ints) -> NDArray[np.float32]: ...

    def log_probabilities_of(self, states: Ints, chars: Ints) -> NDArray[np.float32]: ...

    def advance(self, states: Ints, chars: Ints) -> Ints: ...

    def score(self, text: str) -> float: ...

    def word_odds(self, texts: Sequence[str]) -> NDArray[np.float32]: ...
