"""Text to learn a language from: what its characters become, and how long its lines are."""

import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from ocr_cli.cli.main import cli
from ocr_cli.data import prose
from ocr_cli.errors import InputError
from ocr_cli.recognition import language
from ocr_cli.recognition.language import ALPHABET, ngrams

ASCII = "".join(map(chr, range(32, 127))) + "\n"


def read(tmp_path: Path, text: str, coding: str = "utf-8") -> prose.Prose:
    (tmp_path / "text.txt").write_bytes(text.encode(coding))
    return prose.read_prose(tmp_path / "text.txt", ASCII)


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("café", "cafe"),
        ("cafe\u0301", "cafe"),
        ("it’s “so” – or — not", 'it\'s "so" - or - not'),
        ("a\tb\u00a0c", "a b c"),
        ("Straße, œuvre, ﬁn", "Strasse, oeuvre, fin"),
        ("wait… what", "wait... what"),
        ("… a piece …", "… a piece …"),
        ("Ж and 漢 and \x07!", " and  and !"),
    ],
)
def test_what_the_alphabet_lacks_is_folded_or_left_out(
    tmp_path: Path, written: str, taken: str
) -> None:
    assert read(tmp_path, written).lines == (taken,)


def test_what_the_alphabet_has_stays(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("cafe\u0301 š", "utf-8")
    assert prose.read_prose(tmp_path / "text.txt", ASCII + "é").lines == ("café s",)


def test_what_was_changed_is_counted(tmp_path: Path) -> None:
    assert read(tmp_path, "plain\tand simple\r\n").notes == ()
    notes = read(tmp_path, "é é ’\nЖ\x07Ж Ж").notes
    assert notes[0] == "3 characters taken as plain ones: é as e (2), ’ as ' (1)"
    assert notes[1] == "4 characters left out, which no model knows: Ж (3), U+0007 (1)"


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_mark_at_the_beginning_is_no_text(tmp_path: Path, coding: str) -> None:
    assert read(tmp_path, "plain", coding) == prose.Prose(("plain",), ())


def test_long_lines_are_taken_in_pieces(tmp_path: Path) -> None:
    words = "one two three " * 2000
    lines = read(tmp_path, words + "x" * 2000).lines
    assert all(len(line) <= prose.LONGEST + 4 for line in lines)
    assert not lines[0].startswith(prose.BREAK)
    assert lines[0].endswith(prose.BREAK)
    assert not lines[-1].endswith(prose.BREAK)
    assert all(line.startswith(prose.BREAK) for line in lines[1:])
    joined = " ".join(line.strip(f"{prose.BREAK} ") for line in lines)
    assert joined.replace(" ", "") == (words + "x" * 2000).replace(" ", "")


def test_a_line_of_2_mb_takes_seconds(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("word and word " * 150_000, "utf-8")
    arguments = ["train", "--kind", "language", "--data", tmp_path / "c.txt"]
    start = time.process_time()
    result = CliRunner().invoke(cli, list(map(str, [*arguments, "--out", tmp_path / "l.npz"])))
    assert result.exit_code == 0, result.output
    assert time.process_time() - start < 20  # in one piece it took over a minute


@pytest.mark.parametrize("text", ["", "\n \n", "漢字\n", "\ufeff"])
def test_no_text_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="no text to learn from"):
        read(tmp_path, text)


@pytest.mark.parametrize("text", ["a", "A\n", ".", "aa", "a\nb\n"])
def test_a_corpus_of_a_letter_makes_a_model(tmp_path: Path, text: str) -> None:
    model = ngrams.train_language(read(tmp_path, text).lines)
    language.save(tmp_path / "l.npz", model)
    chances = language.load(tmp_path / "l.npz").log_probabilities([model.start()])[0]
    assert chances[ALPHABET.index(text[0])] == pytest.approx(chances.max(), abs=2)


def test_the_command_tells_what_it_left_out(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("šest — it’s\n" * 3 + "Ж\n" + "a b " * 2000, "utf-8")
    out = tmp_path / "l.npz"
    arguments = ["train", "--kind", "language", "--data", tmp_path / "c.txt", "--out", out]
    result = CliRunner().invoke(cli, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    assert "bits a character" in result.stdout
    first, second = result.stderr.splitlines()
    assert first.startswith(f"ocr: {tmp_path}/c.txt: 9 characters taken as plain ones: š as s (3)")
    assert second.endswith("1 characters left out, which no model knows: Ж (1)")
