"""A journal gives back whole pages, whatever ended the process that wrote it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ocr_cli.batch.journal import DoneList, Journal, journal_path
from ocr_cli.errors import OcrError

PAGES: dict[str, str | bytes] = {
    "a": "first\nsecond é \udcff\n",
    "b": b"\x00{}\n\n",
    "c": "",
    "d": "x" * 40,
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / ".notes.txt.ocr-journal"
    journal = Journal(path, resume=False)
    for key, page in PAGES.items():
        journal.add(key, page, source="a.png")
    journal.close()
    return path


def known(path: Path) -> dict[str, str | bytes]:
    journal = Journal(path, resume=True)
    found = {key: journal[key] for key in (*PAGES, "e") if key in journal}
    journal.close()
    return found


def test_pages_come_back_as_they_were(path: Path) -> None:
    assert known(path) == PAGES


@pytest.mark.parametrize(
    "rest", [b"", b"\0" * 50, b'{"key": "e", "length": 1'], ids=["nothing", "zeros", "a head"]
)
def test_cut_anywhere_it_has_the_pages_before_and_takes_more(path: Path, rest: bytes) -> None:
    whole = path.read_bytes()
    ends = [whole.index(b"\n", whole.index(f'"key": "{key}"'.encode())) for key in "bcd"]
    for cut in range(len(b"ocr journal 1\n"), len(whole), 7):
        path.write_bytes(whole[:cut] + rest)
        found = known(path)
        assert list(found) == list(PAGES)[: len(found)]
        assert all(found[key] == PAGES[key] for key in found)
        assert len(found) >= sum(cut > end for end in ends)  # the header of the one after it
        journal = Journal(path, resume=True)
        journal.add("e", "new")
        journal.close()
        assert known(path) == found | {"e": "new"}


def test_what_was_cut_in_its_first_line_begins_anew(path: Path) -> None:
    path.write_bytes(b"ocr jou")
    assert known(path) == {}
    assert path.read_bytes() == b"ocr journal 1\n"


def test_a_changed_byte_costs_that_page_and_those_after_it(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data.replace(b"\x00{}", b"\x00{)"))
    assert known(path) == {"a": PAGES["a"]}


def test_without_resume_it_begins_anew(path: Path) -> None:
    Journal(path, resume=False).close()
    assert known(path) == {}


def test_what_is_no_journal_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear Sir")
    with pytest.raises(OcrError, match="no journal"):
        Journal(tmp_path / "letter", resume=False)
    assert (tmp_path / "letter").read_text() == "Dear Sir"


def test_one_process_at_a_time(path: Path) -> None:
    first = Journal(path, resume=True)
    with pytest.raises(OcrError, match="another ocr"):
        Journal(path, resume=True)
    first.close()
    assert known(path) == PAGES


def test_a_full_disk_costs_the_page_that_did_not_fit(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    journal = Journal(path, resume=True)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OcrError, match=r"No space left.*--resume"):
            journal.add("e", "lost")
    journal.add("e", "found")
    journal.close()
    assert known(path) == PAGES | {"e": "found"}


def test_a_list_of_what_is_done_survives_a_cut_line(tmp_path: Path) -> None:
    path = tmp_path / "done"
    names = {"one": "a\nb.txt", "two": "é", "four": "d.txt"}
    for key in ("one", "two"):
        done = DoneList(path, resume=True)
        done.add(key, names[key])
        done.close()
    path.write_bytes(path.read_bytes() + b'three "c')
    done = DoneList(path, resume=True)
    done.add("four", names["four"])
    done.close()
    done = DoneList(path, resume=True)
    assert all(done.has(key, name) for key, name in names.items())
    assert not done.has("one", "é")
    done.close(remove=True)
    assert not path.exists()


def test_of_one_output_the_last_key_counts(tmp_path: Path) -> None:
    done = DoneList(tmp_path / "done", resume=True)
    for key in ("english", "french"):
        done.add(key, "a.txt")
    done.close()
    done = DoneList(tmp_path / "done", resume=True)
    assert (done.has("english", "a.txt"), done.has("french", "a.txt")) == (False, True)
    assert not DoneList(tmp_path / "done", resume=False).has("french", "a.txt")


def test_a_journals_name_is_not_too_long(tmp_path: Path) -> None:
    output = tmp_path / ("é" * 120 + ".txt")
    journal = Journal(journal_path(output), resume=False)
    assert journal.path.parent == tmp_path
    journal.close()
