"""The wheel holds what it needs, and the command starts fast."""

import configparser
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from statistics import median

import pytest

PACKAGED = ("ocr_cli", "models", "docs", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")
SHOWN = ([], ["show", "letters"])  # of `ocr models`
HEAVY = {"numpy", "scipy", "skimage", "PIL", "matplotlib", "torch"}


def python(*args: str | Path, **options: object) -> str:
    """What this interpreter prints when it's run with `args`."""
    run = subprocess.run(
        [sys.executable, *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
        **options,  # type: ignore[call-overload]
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return str(run.stdout)


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel made by way of the source archive, from a copy that holds no earlier build."""
    pytest.importorskip("build")
    source = tmp_path_factory.mktemp("source")
    for name in PACKAGED:
        if (root / name).is_dir():
            unwanted = shutil.ignore_patterns("__pycache__", ".*")
            shutil.copytree(root / name, source / name, ignore=unwanted)
        else:
            shutil.copy(root / name, source)
    python("-m", "build", "--no-isolation", cwd=source)
    (built,) = (source / "dist").glob("*.whl")
    return built


def test_the_wheel_holds_every_file_model_and_card(wheel: Path, root: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    files = [p for p in (root / "ocr_cli").rglob("*") if p.is_file() and p.suffix != ".pyc"]
    ours = {p.relative_to(root).as_posix() for p in files}
    models = [p for p in (root / "models").iterdir() if p.suffix in {".npz", ".md"}]
    assert ours | {f"ocr_cli/models/{p.name}" for p in models} <= names
    assert any(p.suffix == ".npz" for p in models)
    assert any(name.endswith("share/man/man1/ocr.1") for name in names)
    assert not any(name.startswith(("tests/", "models/")) for name in names)


def test_the_wheel_names_the_command_and_its_needs(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (info,) = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
    entry_points = configparser.ConfigParser()
    entry_points.read_string(archive.read(f"{info}/entry_points.txt").decode())
    assert dict(entry_points["console_scripts"]) == {"ocr": "ocr_cli.cli.main:main"}
    metadata = archive.read(f"{info}/METADATA").decode()
    assert "Requires-Python: >=3.11" in metadata
    needs = {
        line.split()[1].split(">=")[0]
        for line in metadata.splitlines()
        if line.startswith("Requires-Dist:") and "extra ==" not in line
    }
    assert needs == {"click", "numpy", "pillow", "scikit-image", "scipy", "tqdm"}


def test_an_installed_wheel_reads_with_its_own_models(
    wheel: Path, root: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    pip = "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target"
    python(*pip, site, wheel)
    picture = min(p for p in (root / "examples").iterdir() if p.suffix in {".png", ".jpg"})
    shutil.copy(picture, tmp_path)
    elsewhere = {"cwd": tmp_path, "env": os.environ | {"PYTHONPATH": str(site)}}
    assert str(site) in python("-c", "import ocr_cli; print(ocr_cli.__file__)", **elsewhere)
    assert python("-m", "ocr_cli", "read", picture.name, **elsewhere).strip()
    table, card = (python("-m", "ocr_cli", "models", *which, **elsewhere) for which in SHOWN)
    assert all(f"\n{p.stem} " in table for p in (root / "models").glob("*.npz"))
    assert card.strip() == (root / "models" / "letters.md").read_text(encoding="utf-8").strip()


def cpu_seconds(*args: str) -> float:
    """Processor time of a run of this interpreter, whatever else the machine does."""
    resource = pytest.importorskip("resource", reason="Windows tells no child's processor time")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *args], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return float(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def test_help_is_nearly_as_fast_as_importing_click() -> None:
    pairs = [
        (cpu_seconds("-m", "ocr_cli", "--help"), cpu_seconds("-c", "import click"))
        for _ in range(9)
    ]
    ours, clicks = (median(times) for times in zip(*pairs, strict=True))
    assert ours <= 3 * clicks


@pytest.mark.parametrize("module", ["ocr_cli.cli.main", "ocr_cli.__main__"])
def test_the_command_line_loads_without_heavy_packages(module: str) -> None:
    code = f"import sys, {module}; print(*{{m.split('.')[0] for m in sys.modules}})"
    assert not HEAVY & set(python("-c", code).split())
