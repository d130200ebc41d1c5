"""The scripts of benchmarks/: what they keep, and that their tables still fit the code."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_a_run_of_the_benchmark_is_a_line_of_its_history(tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    for figure in ("0.3 s", "0.2 s"):
        script("bench").keep({"an epoch": figure}, history)
    first, second = map(json.loads, history.read_text(encoding="utf-8").splitlines())
    assert first["figures"] == {"an epoch": "0.3 s"}
    assert second["figures"] == {"an epoch": "0.2 s"}
    assert second["machine"].keys() == {"processor", "cores", "load", "python", "numpy"}
    assert second["date"] >= first["date"]
    assert second["commit"]


MUTANTS = script("mutants").MUTANTS


def test_there_are_mutants_for_every_room() -> None:
    assert len(MUTANTS) >= 32
    rooms = {mutant.file.partition("/")[0] for mutant in MUTANTS}
    assert rooms >= {"input", "layout", "recognition", "nn", "data", "training", "output"}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: f"{m.file}: {m.new.strip()}")
def test_a_mutants_place_and_tests_are_there(mutant) -> None:
    """Whoever moves or mends such a line mends its mutant as well."""
    source = (BENCHMARKS.parent / "ocr_cli" / mutant.file).read_text(encoding="utf-8")
    assert source.count(mutant.old) == 1
    for test in mutant.tests.split():
        assert (BENCHMARKS.parent / "tests" / test).exists()
