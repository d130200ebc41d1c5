"""What a long batch promises: two processes are nearly twice as fast, memory stays flat, and a
batch that was killed goes on to the very same bytes.

`batch.py [PAGES]` reads 500 pages, or so many, three times and a half: an idle machine of two cores
takes about half an hour. It exits with 1 where a promise is not kept.
"""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

PAGES = 500
TIMES = 1.7  # so many times the pages/s of one process have two
GROWTH = 0.1  # of its memory, in the last third of a batch against the second
DATA = Path(os.environ.get("OCR_DATA", "../shared/data"))
EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
COMMENT = b"\xff\xfe\x00\x0a%08d"  # a JPEG segment


@dataclass(frozen=True)
class Run:
    """A batch that has run: its seconds, the megabytes that it had by the way, its last line."""

    seconds: float
    memory: list[float]
    told: str

    @property
    def growth(self) -> float:
        """By how much the memory of the last third exceeds that of the second."""
        third = len(self.memory) // 3
        middle, last = self.memory[third : 2 * third], self.memory[2 * third :]
        return max(last, default=0.0) / max(middle, default=1.0) - 1


def main() -> None:
    """Reads the pages in each way, prints a line for it, and compares what came out."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else PAGES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_pages(folder, count)
        print(f"{count} pages, load {os.getloadavg()[0]:.1f} before it begins", flush=True)
        one, two = (told(folder, jobs, f"{jobs}.txt") for jobs in (1, 2))
        killed(folder, two.seconds / 2)
        rest = told(folder, 2, "killed.txt", "--resume")
        texts = [(folder / name).read_bytes() for name in ("1.txt", "2.txt", "killed.txt")]
    kept = {
        f"two processes are {one.seconds / two.seconds:.2f} times as fast as one": one.seconds
        >= TIMES * two.seconds,
        f"memory grows by {two.growth:.1%}": two.growth <= GROWTH,
        "killed and resumed, the bytes are the same": texts[0] == texts[1] == texts[2] != b"",
        f"what was done is not done again ({rest.seconds:.0f} s)": rest.seconds < two.seconds,
    }
    for what, is_kept in kept.items():
        print(f"{'kept  ' if is_kept else 'BROKEN'} {what}")
    sys.exit(not all(kept.values()))


def make_pages(folder: Path, count: int) -> None:
    """So many JPEGs that all differ, if but in a comment, and a list of them."""
    sources = sorted((DATA / "pages" / "dev").rglob("*.jpg")) or sorted(EXAMPLES.glob("*.jpg"))
    names = []
    for number, source in enumerate(islice(cycle(sources), count)):
        data = source.read_bytes()
        names.append(folder / f"{number:04d}.jpg")
        names[-1].write_bytes(data[:2] + COMMENT % number + data[2:])
    (folder / "list").write_bytes(b"\0".join(map(os.fsencode, names)))


def started(folder: Path, jobs: int, out: str, *more: str) -> subprocess.Popen[str]:
    """`ocr read` of the list, in a process group of its own."""
    read = ["read", "--files0-from", "list", "-j", str(jobs), "-o", out, *more]
    command = [sys.executable, "-m", "ocr_cli", *read]
    return subprocess.Popen(
        command, cwd=folder, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def told(folder: Path, jobs: int, out: str, *more: str) -> Run:
    """A whole batch, told in a line."""
    began, memory = time.monotonic(), []
    with started(folder, jobs, out, *more) as process:
        while process.poll() is None:
            memory.append(memory_of_group(process.pid))
            time.sleep(1)
        assert process.stderr is not None  # noqa: S101 -- for mypy
        last = process.stderr.read().splitlines()[-1:]
    run = Run(time.monotonic() - began, memory, "".join(last))
    how = " ".join(["--jobs", str(jobs), *more])
    used = f"{run.seconds:6.0f} s  {statistics.median(memory):5.0f} MB"
    print(f"{how:18} {used}  {run.told}", flush=True)
    return run


def killed(folder: Path, seconds: float) -> None:
    """A batch that `kill -9` ends, with all of its processes, after so many seconds."""
    with started(folder, 2, "killed.txt") as process:
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGKILL)
    print(f"kill -9 after {seconds:.0f} s", flush=True)


def memory_of_group(group: int) -> float:
    """Megabytes that a group's processes have, what they share counted once."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(folder.name)) == group:
                line = next(x for x in (folder / "smaps_rollup").open() if x.startswith("Pss:"))
                total += int(line.split()[1])
        except (OSError, StopIteration):  # gone meanwhile
            continue
    return total / 1024


if __name__ == "__main__":
    main()
