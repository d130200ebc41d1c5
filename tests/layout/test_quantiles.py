"""Quantiles to the last digit as numpy has them, since decisions hang on them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ocr_cli.layout.quantiles import median, percentile

SIZES = st.integers(1, 40)
VALUES = st.one_of(
    arrays(np.float32, SIZES, elements=st.floats(-100, 100, width=32)),
    arrays(np.float64, SIZES, elements=st.floats(-1e6, 1e6)),
    arrays(np.int64, SIZES, elements=st.integers(-1000, 1000)),
)


@given(values=VALUES, percent=st.sampled_from([0, 2, 50, 80, 90, 98, 100]))
def test_percentiles(values: np.ndarray, percent: int) -> None:
    assert percentile(values, percent) == np.percentile(values, percent)


@given(values=VALUES)
def test_medians(values: np.ndarray) -> None:
    assert median(values) == np.median(values)
    assert median(values.tolist()) == np.median(values.tolist())
