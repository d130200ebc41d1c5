"""`ocr` itself: help, version, start-up, and errors as one line."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from ocr_cli import __version__
from ocr_cli.cli import main
from ocr_cli.errors import OcrError, UsageError

if TYPE_CHECKING:
    from conftest import RunOcr


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_names_every_command(run_ocr: RunOcr, flag: str) -> None:
    done = run_ocr(flag)
    assert done.returncode == 0
    for name in main.COMMANDS:
        assert f"\n  {name} ".encode() in done.stdout
        assert run_ocr(name, flag).stdout.startswith(f"Usage: ocr {name} ".encode())


def test_version(run_ocr: RunOcr) -> None:
    assert run_ocr("--version").stdout.decode().split() == ["ocr,", "version", __version__]


def test_an_unknown_command_is_wrong_usage(run_ocr: RunOcr) -> None:
    done = run_ocr("write")
    assert done.returncode == 2
    assert b"write" in done.stderr


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from ocr_cli.cli.main import cli; cli(['--help'], standalone_mode=False);"
        "print(sorted({'numpy', 'PIL', 'scipy', 'skimage', 'tqdm'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("failure", "code", "told"),
    [
        (OcrError("is odd", "turn it", "a.png"), 1, "ocr: a.png: is odd; turn it\n"),
        (UsageError("these do not go together"), 2, "ocr: these do not go together\n"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(32, "Broken pipe"), 141, ""),
        (OSError(28, "No space left on device"), 1, "ocr: No space left on device\n"),
        (OSError(13, "Permission denied", "x"), 1, "ocr: x: Permission denied\n"),
    ],
)
def test_errors_become_one_line_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, failure: BaseException, code: int, told: str
) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr("ocr_cli.batch.find_all_pictures", fail)
    monkeypatch.setattr("ocr_cli.parallel.cap_threads", lambda _: None)
    done = CliRunner().invoke(main.cli, ["extract", "a.png"])
    assert (done.exit_code, done.stderr) == (code, told)


def test_debug_lets_the_traceback_through(run_ocr: RunOcr) -> None:
    wrong = ("train", "--page", "a.png", "--data", "b")
    plain = run_ocr(*wrong)
    assert plain.stderr.count(b"\n") == 1
    debug = run_ocr("--debug", *wrong)
    assert b"Traceback" in debug.stderr
    assert b"UsageError" in debug.stderr
