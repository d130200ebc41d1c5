"""Do the tests notice? Changes one decision at a time, in a copy, and runs the tests of its room.

`mutants.py` tries all of MUTANTS; words after it choose those whose place holds one of them. Exit
status 1 where fewer than LEAST of all are caught, or where the tests fail as they stand.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LEAST = 34  # of MUTANTS, that have to be caught


class Mutant(NamedTuple):
    """One wrong decision: in `file` of the package, `old`, once there, becomes `new`."""

    file: str
    old: str
    new: str
    tests: str  # those of its room that are to notice, below tests/
    because: str = ""  # why no test can be asked to notice


MUTANTS = (
    # training
    Mutant(
        "training/adaptation/hand.py",
        "others = [k for k in range(len(tuner.known)) if k not in fold.lines]",
        "others = list(range(len(tuner.known)))",
        "training/test_decisions.py",
    ),
    Mutant(
        "training/adaptation/hand.py",
        "best = min(edits, key=lambda share: (sum(edits[share]), -share))",
        "best = min(edits, key=lambda share: (sum(edits[share]), share))",
        "training/test_decisions.py",
    ),
    Mutant(
        "data/choose.py",
        "return np.random.default_rng([0, 3])",
        "return np.random.default_rng([0, 4])",
        "training/test_decisions.py",
    ),
    Mutant(
        "data/sources.py",
        "weight = _rarity(labels, self.balance)",
        "weight = _rarity(labels, 1.0)",
        "training/test_decisions.py",
    ),
    Mutant(
        "nn/optimisers.py",
        "weights *= 1.0 - lr * self.decay",
        "weights *= 1.0 - self.decay",
        "nn/test_optimisers.py",
    ),
    Mutant(
        "nn/optimisers.py",
        "grads *= lr / (1.0 - self.beta1**self._count)",
        "grads *= lr",
        "nn/test_optimisers.py",
    ),
    Mutant(
        "nn/optimisers.py",
        "self._velocity *= self.momentum",
        "self._velocity *= 1 - self.momentum",
        "nn/test_optimisers.py",
    ),
    Mutant(
        "training/characters.py",
        "if valid_score > best_score:",
        "if True:",
        "training/test_decisions.py",
    ),
    Mutant(
        "training/characters.py",
        "        lr = recipe.lr\n",
        "        lr = 1e-3\n",
        "training/test_decisions.py",
    ),
    # layout
    Mutant("layout/rows.py", "alive[k] = False", "alive[k] = True", "layout/test_decisions.py"),
    Mutant(
        "layout/rows.py",
        "heights = np.where(capitals, 0.68 *",
        "heights = np.where(capitals, 1.0 *",
        "layout/test_decisions.py",
    ),
    Mutant(
        "layout/ink.py",
        "_without_steps(_without_edges(label(ink)), paper)",
        "_without_edges(label(ink))",
        "layout/test_decisions.py",
    ),
    Mutant(
        "layout/ink.py",
        "lighter > 1.5 * darker",
        "lighter > 15 * darker",
        "layout/test_decisions.py",
    ),
    Mutant(
        "layout/letters.py",
        "inside | dotted | barred | colon | bars",
        "inside | barred | colon | bars",
        "layout/test_decisions.py",
    ),
    Mutant("layout/assembly.py", "FAR = 4.5", "FAR = 12.0", "layout/test_decisions.py"),
    Mutant("layout/shade.py", "EDGES = 0.2", "EDGES = 0.9", "layout/test_clearing.py"),
    Mutant("layout/shade.py", "BROAD = 2.2", "BROAD = 0.4", "layout/test_clearing.py"),
    Mutant("layout/faint.py", "_PALE = 0.3", "_PALE = 0.1", "layout/test_decisions.py"),
    # recognition
    Mutant(
        "recognition/calibration.py",
        "LINES = (0.42, 0.06)",
        "LINES = (0.42, 1.6)",
        "recognition/test_decisions.py",
    ),
    Mutant(
        "recognition/calibration.py",
        "SETTLED = (0.20, 3.40)",
        "SETTLED = (0.20, 0.2)",
        "recognition/test_decisions.py",
    ),
    Mutant(
        "recognition/__init__.py",
        "likely < sure",
        "likely > sure",
        "recognition/test_decisions.py",
    ),
    Mutant(
        "recognition/__init__.py",
        "CAPITALS = 0.7",
        "CAPITALS = 0.3",
        "recognition/test_decisions.py",
    ),
    Mutant(
        "recognition/__init__.py",
        "pieces_a_letter(inked.rows[i], rows[i]) >= APART",
        "pieces_a_letter(inked.rows[i], rows[i]) >= 0",
        "recognition/test_decisions.py",
    ),
    Mutant(
        "recognition/__init__.py",
        "DOUBTFUL = 0.72",
        "DOUBTFUL = 0.4",
        "recognition/test_decisions.py",
    ),
    Mutant(
        "recognition/fusion.py",
        "np.mean(gains) < -BEHIND",
        "np.mean(gains) < BEHIND",
        "recognition/test_decisions.py",
    ),
    Mutant(
        "recognition/fusion.py", "SHARE = 0.65", "SHARE = 0.05", "recognition/test_decisions.py"
    ),
    Mutant("recognition/fusion.py", "ENOUGH = 1500", "ENOUGH = 0", "recognition/test_decisions.py"),
    Mutant(
        "recognition/letters/lattice.py",
        "GEOMETRY = 0.5",
        "GEOMETRY = 0.1",
        "recognition/test_decisions.py",
    ),
    Mutant(
        "recognition/letters/lattice.py",
        "STRAIN = 2.6",
        "STRAIN = 0.6",
        "recognition/test_decisions.py",
    ),
    Mutant(
        "recognition/letters/choice.py",
        "LINE * text_loss",
        "0 * text_loss",
        "recognition/test_decisions.py",
    ),
    Mutant(
        "recognition/lines/beam.py",
        "language: float = 0.5",
        "language: float = 0.1",
        "recognition/test_decisions.py",
    ),
    Mutant(
        "recognition/language/columns.py",
        "LACKING = -7.0",
        "LACKING = 0.0",
        "recognition/test_decisions.py",
    ),
    Mutant(
        "recognition/lines/small_capitals.py",
        "TALLER = 4.5",
        "TALLER = 1.0",
        "recognition/test_small_capitals.py",
    ),
    Mutant(
        "recognition/lines/small_capitals.py",
        "MIXED = 0.12",
        "MIXED = 0.9",
        "recognition/test_small_capitals.py",
    ),
    Mutant(
        "recognition/few_words.py",
        "{code: LEAD * (code == FIRST)",
        "{code: 0.0",
        "recognition/test_few_words.py",
    ),
    Mutant("recognition/few_words.py", "FEW = 40", "FEW = 0", "recognition/test_few_words.py"),
    # data
    Mutant("data/practice.py", "ANEW = 0.4", "ANEW = 0.9", "data/test_recombination.py"),
    Mutant(
        "data/recombination.py",
        "part + (level - paper)",
        "part",
        "data/test_recombination.py",
    ),
    # input and output
    Mutant(
        "input/limits.py",
        "MOST_A_BYTE = 3_000 ",
        "MOST_A_BYTE = 300_000 ",
        "input/test_pages.py",
    ),
    Mutant(
        "input/grey.py",
        "0 if light and seen.mean() < 0.5 else 255",
        "255",
        "input/test_grey.py input/test_pages.py",
    ),
    Mutant("output/jsonl.py", "page.box_in_file(part.box)", "part.box", "output/test_formats.py"),
)


def main(words: list[str]) -> int:
    """Prints a line for each mutant as it is tried; the exit status."""
    chosen = [m for m in MUTANTS if not words or any(word in m.file + m.new for word in words)]
    with tempfile.TemporaryDirectory() as name:
        copy = copied(Path(name))
        tests = sorted({test for mutant in chosen for test in mutant.tests.split()})
        if not passes(copy, tests):
            print("the tests fail as they stand: nothing can be told")
            return 1
        caught = 0
        for mutant in chosen:
            with applied(mutant, copy):
                survived = passes(copy, mutant.tests.split())
            caught += not survived
            why = f" ({mutant.because})" if survived and mutant.because else ""
            told = "SURVIVED" if survived else "caught  "
            print(f"{told} {mutant.file}: {mutant.new.strip()}{why}", flush=True)
    print(f"{caught} of {len(chosen)} caught")
    return int(caught < LEAST - (len(MUTANTS) - len(chosen)))


def copied(folder: Path) -> Path:
    """A copy of the working tree, as git knows it, below `folder`."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


@contextmanager
def applied(mutant: Mutant, copy: Path) -> Iterator[None]:
    """The copy with a mutant in it, and afterwards without; exits where its place is gone."""
    file = copy / "ocr_cli" / mutant.file
    right = file.read_text(encoding="utf-8")
    if right.count(mutant.old) != 1:
        sys.exit(f"{mutant.file}: {mutant.old!r} stands there {right.count(mutant.old)} times")
    file.write_text(right.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(right, encoding="utf-8")


def passes(copy: Path, tests: list[str]) -> bool:
    """Whether these tests pass in the copy."""
    paths = [f"tests/{test}" for test in tests if (copy / "tests" / test).exists()]
    data = os.environ.get("OCR_DATA") or str(ROOT.parent / "shared" / "data")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *paths],
        cwd=copy,
        env=os.environ
        | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "OCR_DATA": data},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
