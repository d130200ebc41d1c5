"""Pages a second on one machine and on a Dask cluster of its own: the table of docs/cluster.md.

`cluster.py [PAGES]` starts a scheduler and workers of one thread each, needs ocr-cli[dask], and
exits with 1 where not every way gives the same bytes.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batch import make_pages

PAGES = 60
PATIENCE = 100.0  # seconds for a scheduler to start


def main() -> None:
    """A row for each way to read them, the models loaded before."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else PAGES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_pages(folder, count)
        print(f"{count} pages, load {os.getloadavg()[0]:.1f} before it begins")
        print("| who reads | pages/s |\n|---|---|", flush=True)
        texts = [measured(folder, count, f"`--jobs {n}`", "--jobs", str(n)) for n in (1, 2)]
        for workers in (1, 2):
            who = f"{workers} worker{'s' * (workers > 1)} of one thread"
            with cluster(folder, workers) as address:
                there = "--scheduler", address
                read(folder, *there)  # the workers load their models
                texts.append(measured(folder, count, who, *there))
    print("the same bytes" if len(set(texts)) == 1 else "BROKEN: not the same bytes")
    sys.exit(len(set(texts)) > 1)


def measured(folder: Path, count: int, who: str, *options: str) -> bytes:
    """Reads all pages, prints how fast, and gives what was read."""
    began = time.monotonic()
    text = read(folder, *options)
    print(f"| {who} | {count / (time.monotonic() - began):.2f} |", flush=True)
    return text


def read(folder: Path, *options: str) -> bytes:
    """What `ocr read` prints of the folder's list."""
    command = [sys.executable, "-m", "ocr_cli", "read", "-q", "--files0-from", "list", *options]
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=True).stdout


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[str]:
    """The address of a scheduler with so many workers."""
    file = folder / f"scheduler-{workers}.json"
    kinds: list[tuple[str, ...]] = [("scheduler", "--port", "0", "--host", "127.0.0.1")]
    kinds += [("worker", "--nthreads", "1", "--no-nanny")] * workers
    common = "--no-dashboard", "--scheduler-file", str(file)
    started = [
        subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{kind}", *common, *options],
            cwd=folder,
            stderr=subprocess.DEVNULL,
        )
        for kind, *options in kinds
    ]
    try:
        end = time.monotonic() + PATIENCE
        while not file.exists() and time.monotonic() < end:
            time.sleep(0.1)
        yield str(json.loads(file.read_text(encoding="utf-8"))["address"])
    finally:
        for process in started:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
