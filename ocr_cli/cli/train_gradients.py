"""`ocr train --check-gradients`: a line for each layer and loss."""

from __future__ import annotations

import click


def run(seed: int) -> None:
    """The table; OcrError where a gradient is off."""
    import numpy as np

    from ocr_cli.errors import OcrError
    from ocr_cli.nn.gradient_check import check_all

    report = check_all(np.random.default_rng(seed))
    width = max(len(row.name) for row in report)
    click.echo(f"{'layer':{width}}  checked  max relative error")
    for row in report:
        click.echo(f"{row.name:{width}}  {row.checked:7}  {row.error:.1e}")
    if max(row.error for row in report) > 1e-4:
        raise OcrError("a gradient is off by more than 1e-4")
