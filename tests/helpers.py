"""What several test modules call: the command line within this process, and a folder's bytes."""

from pathlib import Path

from click.testing import CliRunner, Result

from ocr_cli.cli.main import cli

READ = ["read", "-m", "m.npz", "-l", "none", "-q"]  # of the fixture `folder`


def ocr(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
