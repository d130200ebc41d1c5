"""Runs the commands of lab.md, as they stand there, and makes its pictures again.

`python docs/lab.py` runs all; words after it choose the commands that hold one of them. Needs
the data folder that OCR_DATA names, and the extras ocr-cli[plot,torch].
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("OCR_DATA") or HERE.parents[1] / "shared" / "data")
COLOURS = 64  # of a picture, to keep the checkout small


def main(words: list[str]) -> None:
    """Prints each command with what it printed and how long it took."""
    text = (HERE / "lab.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _link_inputs(folder)
        for command in commands(text):
            if not words or any(word in command for word in words):
                _run(command, folder)
                _keep_pictures(pictures(text), folder)


def commands(text: str) -> list[str]:
    """The lines of the shell blocks that call ocr."""
    blocks = re.findall(r"(?ms)^```sh\n(.*?)^```", text)
    return [line for block in blocks for line in block.splitlines() if "ocr " in line]


def pictures(text: str) -> Iterator[str]:
    """FOLDER-NAME of every lab/FOLDER-NAME.png that is shown."""
    return (match[1] for match in re.finditer(r"\]\(lab/([\w-]+)\.png\)", text))


def _keep_pictures(names: Iterator[str], folder: Path) -> None:
    """Those that are there go to docs/lab, in few colours."""
    for name in names:
        made = folder / f"{name.replace('-', '/', 1)}.png"
        if made.is_file():
            small = Image.open(made).convert("RGB").quantize(COLOURS)
            small.save(HERE / "lab" / f"{name}.png", optimize=True)


def _link_inputs(folder: Path) -> None:
    """What the commands name, where they expect it."""
    inputs = {
        "nist36": DATA / "nist36-standin",
        "photos": DATA / "photos",
        "examples": HERE.parent / "examples",
    }
    for name, path in inputs.items():
        if not path.is_dir():
            sys.exit(f"lab.py: no folder {path}; OCR_DATA names the one that holds it")
        (folder / name).symlink_to(path)


def _run(command: str, folder: Path) -> None:
    words = shlex.split(command)
    own = dict(word.split("=", 1) for word in words[: words.index("ocr")])
    arguments = [sys.executable, "-m", "ocr_cli", *words[words.index("ocr") + 1 :]]
    began = time.monotonic()
    done = subprocess.run(
        arguments,
        cwd=folder,
        env=os.environ | own,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    shown = done.stdout.splitlines()
    print(f"$ {command}", *shown[:8], *(["..."] if len(shown) > 8 else []), sep="\n")
    print(f"({time.monotonic() - began:.0f} s, status {done.returncode})\n", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
