"""What CI promises: nothing is skipped for want of data, every test runs, tools are pinned."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("ci", [False, True])
def test_a_run_without_data_skips_at_home_and_fails_in_ci(tmp_path: Path, ci: bool) -> None:
    env = {name: value for name, value in os.environ.items() if name != "CI"}
    env |= {"OCR_DATA": str(tmp_path / "none")} | ({"CI": "1"} if ci else {})
    test = "tests/test_floors.py::test_the_homeworks_photos_are_read_without_an_error"
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test],
        cwd=ROOT,
        env=env,
        capture_output=True,
        check=False,
    )
    told = ran.stdout.decode()
    assert ran.returncode == (1 if ci else 0), told
    assert "OCR_DATA names it" in told
    assert ("4 errors" if ci else "4 skipped") in told


def test_the_tools_that_judge_are_pinned() -> None:
    constraints = (ROOT / "constraints.txt").read_text()
    pinned = dict(re.findall(r"^([\w-]+)==([\d.]+)$", constraints, re.MULTILINE))
    assert {"ruff", "mypy", "pytest"} <= pinned.keys()
    needed = re.findall(r"^ +([\w-]+)>=", (ROOT / "setup.cfg").read_text(), re.MULTILINE)
    assert set(pinned) <= set(needed)


def test_ci_runs_every_kind_of_test() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    run = re.findall(r"make ([a-z-]+)", script)
    assert {"lint", "test", "test-browser", "test-oldest", "test-torch"} <= set(run)
    assert "export CI=1" in script
