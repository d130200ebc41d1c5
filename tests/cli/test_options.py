"""Options that several subcommands share."""

import click
import pytest

from ocr_cli.cli import options


@pytest.mark.parametrize(
    ("model", "reader", "chosen"),
    [
        ("default", "auto", "default"),
        ("mine.npz", "auto", "mine.npz"),
        ("default", "letters", "letters"),
        ("default", "lines", "lines"),
    ],
)
def test_the_reader_is_short_for_a_model(model: str, reader: str, chosen: str) -> None:
    assert options.model_of(model, reader) == chosen


def test_a_model_has_its_own_way_of_reading() -> None:
    with pytest.raises(click.UsageError, match="--model names one"):
        options.model_of("mine.npz", "letters")
