"""Which page goes into which file, and what is done again after a run that was stopped anywhere."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from ocr_cli.batch import keys
from ocr_cli.batch.journal import DoneList, Part
from ocr_cli.batch.outputs import OutputRun, PlannedFile, Todo, in_folder
from ocr_cli.errors import InputError, UsageError
from ocr_cli.files import KeepOldError, replacing_text
from ocr_cli.input import Picture
from ocr_cli.parallel import Known

OUT = Path("out")


def places(sources: list[str], paths: list[str]) -> list[str]:
    planned = in_folder(OUT, ".txt", map(Picture, sources), paths)
    return [output.path.as_posix() for output in planned if isinstance(output, PlannedFile)]


@pytest.fixture
def scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scans" / "2024").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("scans")
@pytest.mark.parametrize(
    ("source", "path", "place"),
    [
        ("a.jpg", "a.jpg", "out/a.txt"),
        ("2024/a.b.jpg", "2024/a.b.jpg", "out/2024/a.b.txt"),
        ("scans/2024/a.jpg", "scans", "out/2024/a.txt"),
        ("scans/2024/a.jpg", "./scans/", "out/2024/a.txt"),
        ("scans/2024/a.jpg", ".", "out/scans/2024/a.txt"),
        ("../x/./a.jpg", "../x/./a.jpg", "out/x/a.txt"),
        ("/data/a.jpg", "/data/a.jpg", "out/data/a.txt"),
        ("-", "-", "out/stdin.txt"),
        ("noending", "noending", "out/noending.txt"),
    ],
)
def test_an_output_lies_by_its_inputs_name(source: str, path: str, place: str) -> None:
    assert places([source], [path]) == [place]


@pytest.mark.parametrize(
    "names", [("a.jpg", "a.png"), ("a.jpg", "../a.jpg"), ("a.jpg", "b.jpg", "a.jpg")]
)
def test_two_inputs_of_one_name_are_told(names: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match=rf"a\.jpg and {names[-1]} would both be out/a\.txt"):
        places(list(names), list(names))


def test_among_what_arrives_only_the_one_that_would_take_anothers_place_fails() -> None:
    former: dict[str, str] = {}
    for names, failed in ((["a.jpg"], [False]), (["a.png", "b.png"], [True, False])):
        planned = in_folder(OUT, ".txt", map(Picture, names), [], former)
        assert [isinstance(output, InputError) for output in planned] == failed
    (again,) = in_folder(OUT, ".txt", [Picture("a.jpg")], [], former)  # it was changed
    assert isinstance(again, PlannedFile)


def test_pages_of_a_file_are_one_output() -> None:
    pictures = [Picture("s.tif"), Picture("s.tif", 1), Picture("a.jpg"), InputError("damaged")]
    planned = in_folder(OUT, ".txt", pictures, [])
    assert isinstance(planned[2], InputError)
    assert [len(o.pictures) for o in planned if isinstance(o, PlannedFile)] == [2, 1]


class StoppedError(Exception):
    pass


class Pages:
    """Reads pictures in no time, and may be stopped at any page; counts what it reads."""

    def __init__(self, stop: int = -1, failing: str = "nothing", ending: str = "") -> None:
        self.stop, self.failing, self.ending = stop, failing, ending
        self.read: list[str] = []

    def __call__(self, todos: Iterator[Todo]) -> Iterator[Part | InputError]:
        waiting: list[Todo] = []
        for todo in todos:  # two ahead, as processes are
            waiting.append(todo)
            if len(waiting) > 2:
                yield self._result(waiting.pop(0))
        yield from map(self._result, waiting)

    def _result(self, todo: Todo) -> Part | InputError:
        if isinstance(todo, Known):
            return todo.value
        if isinstance(todo, InputError):
            return todo
        if len(self.read) == self.stop:
            raise StoppedError
        self.read.append(todo.source)
        if self.failing in todo.source:
            failure = InputError("damaged", "", todo.source)
            failure.partial = "half\n" if "half" in todo.source else None
            return failure
        text = Path(todo.source).read_text()
        return f"{Path(todo.source).name} {todo.frame} {text}{self.ending}\n"


def write(pages: Iterable[Part], path: Path) -> None:
    with replacing_text(path) as file:
        text = "".join(map(str, pages))
        if not text:
            raise KeepOldError
        file.write(text)


@pytest.fixture
def pictures(tmp_path: Path) -> list[Picture]:
    (tmp_path / "in").mkdir()
    files = [tmp_path / "in" / name for name in ("a.png", "b.tif", "c.png", "d.png")]
    for file in files:
        file.write_text(file.name)
    a, b, c, d = map(str, files)
    return [Picture(a), Picture(b), Picture(b, 1), Picture(b, 2), Picture(c), Picture(d)]


def made(
    place: Path, pictures: list[Picture], pages: Pages, resume: bool = True, reading: str = "r"
) -> dict[str, str]:
    """The outputs in the folder `place`, or the one file, after a run that may be stopped."""
    if place.suffix:
        done = None
        planned: list[PlannedFile | InputError] = [PlannedFile(place, tuple(pictures))]
    else:
        place.mkdir(exist_ok=True)
        done = DoneList(place / ".done", resume)
        planned = in_folder(place, ".txt", pictures, [str(Path(pictures[0].source).parent)])
    try:
        OutputRun(reading, write, resume, done).make(planned, pages)
    except StoppedError:
        pass
    finally:
        if done:
            done.close()
    files = [place] if place.suffix else sorted(place.glob("*.txt"))
    return {file.name: file.read_text() for file in files if file.exists()}


@pytest.mark.parametrize("name", ["all.txt", "folder"])
@pytest.mark.parametrize("stop", range(7))
def test_stopped_anywhere_only_what_was_under_way_is_read_again(
    tmp_path: Path, pictures: list[Picture], name: str, stop: int
) -> None:
    whole = made(tmp_path / f"whole{Path(name).suffix}", pictures, Pages())
    made(tmp_path / name, pictures, Pages(stop), resume=False)
    again = Pages()
    outputs = made(tmp_path / name, pictures, again)
    assert list(outputs.values()) == list(whole.values())
    kept = 0 if name == "all.txt" and stop == 6 else stop  # it was complete, and its journal gone
    assert len(again.read) == 6 - kept
    once_more = Pages()
    assert made(tmp_path / name, pictures, once_more) == outputs
    assert once_more.read == []


@pytest.mark.parametrize("name", ["all.txt", "folder"])
def test_what_is_changed_is_read_anew_and_nothing_else(
    tmp_path: Path, pictures: list[Picture], name: str
) -> None:
    made(tmp_path / name, pictures, Pages())
    changed = Path(pictures[4].source)
    times = changed.stat()
    changed.write_text("C.png")
    os.utime(changed, ns=(times.st_atime_ns, times.st_mtime_ns))  # its time and size tell nothing
    keys._file_content.cache_clear()
    again = Pages()
    outputs = made(tmp_path / name, pictures, again)
    assert again.read == [str(changed)]
    assert "c.png 0 C.png\n" in "".join(outputs.values())
    by_another = Pages()
    made(tmp_path / name, pictures, by_another, reading="another model")
    assert len(by_another.read) == 6


@pytest.mark.parametrize("name", ["all.txt", "folder"])
def test_an_option_that_is_changed_back_gives_what_it_gave(
    tmp_path: Path, pictures: list[Picture], name: str
) -> None:
    one, other = (
        made(tmp_path / name, pictures, Pages(ending=option), reading=option)
        for option in ("one", "other")
    )
    assert one != other
    assert made(tmp_path / name, pictures, Pages(ending="one"), reading="one") == one


def test_what_a_killed_process_left_of_an_output_goes(
    tmp_path: Path, pictures: list[Picture]
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("c.txt", "notes.txt"):
        (folder / f".{name}.0123456789abcdef.part").touch()
    made(folder, pictures, Pages())
    assert [path.name for path in folder.glob(".*.part")] == [".notes.txt.0123456789abcdef.part"]


@pytest.mark.parametrize("name", ["all.txt", "folder"])
def test_pages_that_failed_are_tried_again(
    tmp_path: Path, pictures: list[Picture], name: str
) -> None:
    made(tmp_path / name, pictures, Pages(failing="b.tif"), resume=False)
    again = Pages()
    made(tmp_path / name, pictures, again)
    assert again.read == [pictures[1].source] * 3


def test_what_could_be_made_of_a_damaged_page_is_written_but_does_not_count(
    tmp_path: Path, pictures: list[Picture]
) -> None:
    half = Path(pictures[0].source).with_name("half.png")
    half.write_text("")
    pages = [Picture(str(half)), *pictures[4:]]
    assert made(tmp_path / "all.txt", pages, Pages(failing="half"))["all.txt"].startswith("half\n")
    again = Pages(failing="half")
    assert made(tmp_path / "all.txt", pages, again)["all.txt"].count("half\n") == 1
    assert again.read == [str(half)]


def test_an_output_that_is_gone_is_made_again(tmp_path: Path, pictures: list[Picture]) -> None:
    outputs = made(tmp_path / "folder", pictures, Pages())
    (tmp_path / "folder" / "c.txt").unlink()
    again = Pages()
    assert made(tmp_path / "folder", pictures, again) == outputs
    assert again.read == [pictures[4].source]


def test_an_output_that_somebody_corrected_stays(tmp_path: Path, pictures: list[Picture]) -> None:
    for name in ("all.txt", "folder/c.txt"):
        made(tmp_path / name.split("/")[0], pictures, Pages())
        (tmp_path / name).write_text("corrected")
        made(tmp_path / name.split("/")[0], pictures, Pages())
        assert (tmp_path / name).read_text() == "corrected"


def test_when_all_went_well_and_nobody_resumes_nothing_else_is_left(
    tmp_path: Path, pictures: list[Picture]
) -> None:
    place = tmp_path / "alone"
    place.mkdir()
    made(place / "all.txt", pictures, Pages(), resume=False)
    assert [path.name for path in place.iterdir()] == ["all.txt"]


def test_a_picture_given_twice_is_there_twice(tmp_path: Path, pictures: list[Picture]) -> None:
    twice = [pictures[0], *pictures, pictures[0]]
    assert made(tmp_path / "all.txt", twice, Pages())["all.txt"].count("a.png 0") == 3
    assert made(tmp_path / "all.txt", twice, Pages())["all.txt"].count("a.png 0") == 3


def test_a_key_says_all_that_a_page_depends_on(tmp_path: Path) -> None:
    picture, model = tmp_path / "a.png", tmp_path / "m.npz"
    picture.write_text("a")
    model.write_text("m")

    def key(**more: object) -> str:
        return keys.reading_key(str(model), "none", **more)

    plain = key(form="text")
    assert plain == key(form="text")
    assert len({plain, key(form="tsv"), keys.reading_key(str(model), "fr", form="text")}) == 3
    model.write_text("n")
    assert key(form="text") != plain
    page = Picture(str(picture))
    read = {keys.page_key(plain, page), keys.page_key("other", page)}
    assert keys.page_key(plain, Picture(str(picture), 1)) not in read
    assert keys.page_key(plain, Picture(str(picture), data=b"a"))
    assert keys.page_key(plain, Picture(str(tmp_path / "missing.png"))) == ""
