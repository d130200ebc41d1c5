"""PATH=WEIGHT of `ocr train --data`."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_cli.data.weighted import LineData, only_path
from ocr_cli.errors import UsageError


@pytest.mark.parametrize(
    ("text", "path", "weight"),
    [
        ("pages", "pages", 1),
        ("pages=0.5", "pages", 0.5),
        ("pages/=2", "pages", 2),
        ("a=b=3e-1", "a=b", 0.3),
        ("a=b", "a=b", 1),
        ("=2", "=2", 1),
        ("there=2", "there=2", 1),
        ("there=2=0.5", "there=2", 0.5),
        ("there=2/=0.5", "there=2", 0.5),
    ],
)
def test_a_weight_stands_behind_the_path_unless_there_is_such_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, path: str, weight: float
) -> None:
    (tmp_path / "there=2").mkdir()
    monkeypatch.chdir(tmp_path)
    assert LineData.parse(text) == LineData(Path(path), weight)


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf", "-inf", "1e999"])
def test_weights_that_are_none(weight: str) -> None:
    with pytest.raises(ValueError, match=f"{weight} is no weight; it is to be above 0"):
        LineData.parse(f"nowhere={weight}")


@pytest.mark.parametrize("weight", ["abc", "", "0x3", "1,2", "half"])
def test_what_stands_behind_a_path_that_is_there_is_to_be_a_weight(
    tmp_path: Path, weight: str
) -> None:
    with pytest.raises(ValueError, match="is no weight; it is to be above 0"):
        LineData.parse(f"{tmp_path}={weight}")


@given(st.text("ab=.01-", min_size=1, max_size=8))
def test_nothing_of_the_name_is_lost(text: str) -> None:
    try:
        found = LineData.parse(f"/nowhere/{text}")
    except ValueError:
        return
    assert f"/nowhere/{text}".startswith(str(found.path))
    assert found.weight > 0


def test_what_takes_one_path_refuses_a_mix() -> None:
    assert only_path([], "mlp") is None
    assert only_path([LineData(Path("a"))], "mlp") == Path("a")
    for mix in ([LineData(Path("a"), 0.5)], [LineData(Path("a")), LineData(Path("b"))]):
        with pytest.raises(UsageError, match="mlp learns from one --data; only --kind line mixes"):
            only_path(mix, "mlp")
