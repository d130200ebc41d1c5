"""The documents say what is there: commands, options, links, models, and pasted output."""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from types import ModuleType

import click
import pytest

from ocr_cli import __version__
from ocr_cli.cli.main import COMMANDS, cli
from ocr_cli.modelfiles import weights
from ocr_cli.output import formats

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
MODELS = sorted((ROOT / "models").glob("*.npz"))
CARDS = sorted((ROOT / "models").glob("*.md"))
RECIPES = ROOT / "examples" / "recipes.md"
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"


def command(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


def options(of: click.Command) -> set[str]:
    return {
        name
        for parameter in of.get_params(click.Context(of, help_option_names=["-h", "--help"]))
        if isinstance(parameter, click.Option)
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


def _script(name: str) -> ModuleType:
    """A script of docs/, which finds its neighbours as when it is run."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "docs")
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def cli_reference() -> ModuleType:
    return _script("cli_reference")


def test_the_reference_is_up_to_date(cli_reference: ModuleType) -> None:
    written = cli_reference.FILE.read_text(encoding="utf-8")
    assert written == cli_reference.reference(), "run `make docs`"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_explained(name: str) -> None:
    assert f"ocr {name}" in README
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## ocr {name}\n")[2].partition("\n## ")[0]
    missing = {o for o in options(command(name)) if not re.search(rf"{o}(?![\w-])", section)}
    assert not missing
    for parameter in command(name).params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"ocr {name} {parameter.opts[0]} has no help"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_no_marks_and_fits_a_terminal(name: str) -> None:
    context = click.Context(command(name), info_name=name, terminal_width=80)
    lines = command(name).get_help(context).splitlines()
    assert not [line for line in lines if "\b" in line or r"\b" in line or len(line) > 80]


def test_the_formats_of_read_are_told_a_line_each() -> None:
    lines = command("read").get_help(click.Context(command("read"))).splitlines()
    named = [line.split()[0] for line in lines if re.match(r" {4}\w+ {2,}\S", line)]
    assert [name for name in formats.READ if name not in named] == []


def _code(text: str, language: str) -> Iterator[str]:
    return (m[1] for m in re.finditer(rf"(?ms)^```{language}\n(.*?)^```", text))


def _ocr_calls(text: str) -> Iterator[tuple[str, list[str]]]:
    """(command, options) of every `ocr COMMAND …` in the code blocks of `text`."""
    inline = re.findall(r"`(ocr [a-z]+ -[^`]*)`", text)
    for block in [*_code(text, "(?:console|sh)"), *inline]:
        for call in re.finditer(r"\bocr (\w+)([^|\n]*)", block):
            arguments = shlex.split(call[2], comments=True)
            yield call[1], [a.partition("=")[0] for a in arguments if re.match(r"--?\w", a)]


@pytest.mark.parametrize("document", [*DOCUMENTS, *CARDS, RECIPES], ids=lambda path: path.name)
def test_examples_use_commands_and_options_that_exist(document: Path) -> None:
    for name, used in _ocr_calls(document.read_text(encoding="utf-8")):
        assert name in COMMANDS
        assert set(used) <= options(command(name)), f"ocr {name}"


def _transcripts() -> list[tuple[str, str]]:
    """(ocr call, what it prints) for the calls in README that show their output."""
    found = []
    for block in _code(README, "console"):
        for part in block.split("$ ")[1:]:
            call, _, printed = part.partition("\n")
            if call.startswith("ocr ") and "|" not in call and printed.strip():
                found.append((call, printed))
    return found


@pytest.mark.parametrize(("call", "printed"), _transcripts())
def test_pasted_output_is_real(call: str, printed: str, run_ocr) -> None:
    result = run_ocr(*shlex.split(call)[1:], cwd=ROOT)
    assert result.stdout.decode().rstrip() == printed.rstrip()


@pytest.mark.slow
def test_sessions_of_the_readme_are_real(tmp_path: Path) -> None:
    """All of them, one after the other, in a folder that has examples/."""
    bash = shutil.which("bash")
    for tool in ("jq", "pdftotext", "img2pdf"):
        if bash is None or shutil.which(tool, path=PATH) is None:
            pytest.skip(f"no {tool}")
    (tmp_path / "bin").mkdir()
    ocr = tmp_path / "bin" / "ocr"
    ocr.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m ocr_cli "$@"\n')
    ocr.chmod(0o755)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    env = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{PATH}", "PYTHONPATH": str(ROOT)}
    for session in _code(README, "console"):
        for part in re.split(r"(?m)^\$ ", session)[1:]:
            lines = part.splitlines()
            more = list(takewhile(lambda line: line.startswith("> "), lines[1:]))
            call = "\n".join([lines[0], *(line[2:] for line in more)])
            run = subprocess.run(
                [str(bash), "-c", call], cwd=tmp_path, env=env, capture_output=True, check=False
            )
            assert run.returncode == 0, run.stderr.decode()
            assert run.stdout.decode().split() == " ".join(lines[1 + len(more) :]).split(), call


def test_readme_shows_output_of_read() -> None:
    assert any(call.startswith("ocr read ") for call, _ in _transcripts())


def test_make_targets_named_in_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", " ".join(_code(README, "sh"))))
    daily = set(re.findall(r"\bmake ([a-z-]+)", (ROOT / "CONTRIBUTING.md").read_text()))
    assert {"demo", "test"} <= named | daily <= targets
    assert {"lint", "test-torch", "mutants", "bench"} <= daily


def test_the_citation_is_of_this_version() -> None:
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", [*DOCUMENTS, *CARDS, RECIPES], ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            assert (document.parent / target.partition("#")[0]).exists(), target


def test_the_laboratorys_pictures_are_shown_and_small() -> None:
    text = (ROOT / "docs" / "lab.md").read_text(encoding="utf-8")
    files = sorted((ROOT / "docs" / "lab").iterdir())
    assert {f"lab/{file.name}" for file in files} == set(re.findall(r"\]\((lab/[^)]+)\)", text))
    assert sum(file.stat().st_size for file in files) < 1_000_000


def test_the_laboratorys_commands_make_its_pictures() -> None:
    lab, text = _script("lab"), (ROOT / "docs" / "lab.md").read_text(encoding="utf-8")
    made = set()
    for command in lab.commands(text):
        made |= set(re.findall(r"--plot (\w+)|--overlay (\w+)\.png", command))
    places = {folder or file for folder, file in made}
    shown = {picture.partition("-")[0] for picture in lab.pictures(text)}
    assert len(shown) > 5
    assert shown <= places


def test_each_experiment_has_figures_on_what_everyone_has() -> None:
    text = (ROOT / "docs" / "lab.md").read_text(encoding="utf-8")
    table = text.partition("## On what everyone has")[2].partition("\n## ")[0]
    assert set(re.findall(r"^## (\d)\.", text, re.MULTILINE)) == set(
        re.findall(r"^\| (\d)\.", table, re.MULTILINE)
    )
    assert not [row for row in table.splitlines() if row.startswith("|") and "nist36" in row]


def test_the_changelog_opens_with_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[?([\d.]+)", changelog, re.MULTILINE)[0] == __version__


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_every_model_has_a_card_and_a_line_in_readme(model: Path) -> None:
    card = model.with_suffix(".md").read_text(encoding="utf-8").lower()
    network = weights.kind_of(model) != "language"
    for fact in ("command", "data", *(("seed", "valid", "test") if network else ())):
        assert fact in card, f"the card does not tell: {fact}"
    assert not network or "unipen" in card or "synthetic strokes" in card
    assert f"`{model.stem}`" in README


def test_the_data_is_credited() -> None:
    for name in ("UNIPEN", "Guyon", "CC BY 4.0", "1195803"):
        assert name in README


def test_the_manual_page_is_up_to_date() -> None:
    script = _script("man_page")
    assert script.FILE.read_text(encoding="utf-8") == script.man_page(), "run `make docs`"
