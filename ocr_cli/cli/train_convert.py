"""`ocr train --convert`: UNIPEN files become archives of pen strokes."""

from __future__ import annotations

from pathlib import Path

import click


def run(data: Path | None, folder: Path, seed: int) -> None:
    """UNIPEN files as archives of pen strokes, which load fast and suit --kind line."""
    import numpy as np

    from ocr_cli.data.formats import unipen
    from ocr_cli.errors import InputError

    if data is None:
        raise click.UsageError("--convert needs UNIPEN files: --data FOLDER")
    if not unipen.is_unipen(data):
        wanted = "expected text files with .SEGMENT, .PEN_DOWN and the like"
        raise InputError("no UNIPEN files", wanted, str(data))
    written = unipen.convert(data, folder, np.random.default_rng([seed, 3]))
    for name, ink in written.items():
        click.echo(f"{folder / name}  {len(ink)} items of {len(set(ink.writer.tolist()))} writers")
