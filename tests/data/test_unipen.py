"""UNIPEN files: what is written in them, by whom, which way up, and archives made of them."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from ocr_cli.cli.main import cli
from ocr_cli.data.formats import ink, unipen
from ocr_cli.data.synthesis import synthetic
from ocr_cli.data.synthesis.stock import load_stock
from ocr_cli.errors import InputError
from ocr_cli.modelfiles import weights

HEADER = ".VERSION 1.0\n.DATA_SOURCE lab\n.COORD X Y\n.HIERARCHY TEXT WORD CHARACTER\n"
INK = """\
.PEN_DOWN
0 9
0 0
.PEN_UP
.PEN_DOWN
 1 5
 2 5
 3 5
.PEN_UP 4 4
.PEN_DOWN 7 9
7 1
.DT 100
"""


def items(tmp_path: Path, text: str, name: str = "some.dat") -> list[unipen.Item]:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "latin-1")
    return unipen.items_in(tmp_path)


def points(item: unipen.Item) -> list[list[list[float]]]:
    return [stroke.tolist() for stroke in item.strokes]


# y goes up in the files, so it comes out negated.
FIRST = [[0, -9], [0, 0]]
SECOND = [[1, -5], [2, -5], [3, -5]]
THIRD = [[7, -9], [7, -1]]


@pytest.mark.parametrize(
    ("where", "strokes"),
    [
        ("0", [FIRST]),
        ("0-1", [FIRST, SECOND]),
        ("1:1-3", [SECOND[1:], THIRD]),  # 2 is the pen's way in the air; empty ones don't count
        ("1:0-1:1", [SECOND[:2]]),
        ("3,0", [THIRD, FIRST]),
        ("1:1-1:1,3:1-3:1", [SECOND[1:2], THIRD[1:]]),
        ("?", [FIRST, SECOND, THIRD]),
    ],
)
def test_segments_name_components_and_parts_of_them(
    tmp_path: Path, where: str, strokes: list[list[list[float]]]
) -> None:
    (item,) = items(tmp_path, f'{HEADER}.SEGMENT CHARACTER {where} OK "H"\n{INK}')
    assert (item.kind, item.label, item.writer) == ("chars", "H", f"{tmp_path.name}/some")
    assert points(item) == strokes


def test_segments_without_numbers_end_where_the_next_begins(tmp_path: Path) -> None:
    one, other = ".PEN_DOWN\n1 1\n1 0\n", ".PEN_DOWN\n5 5\n"
    text = (
        f'.SEGMENT WORD ? ? "ab"\n.SEGMENT CHARACTER ? ? "a"\n{one}'
        f'.SEGMENT CHARACTER ? ? "b"\n{other}.SEGMENT WORD ? ? "c"\n{one}'
    )
    found = [(i.kind, i.label, len(i.strokes)) for i in items(tmp_path, HEADER + text)]
    assert found == [("words", "ab", 2), ("chars", "a", 1), ("chars", "b", 1), ("words", "c", 1)]


def test_what_holds_of_writer_style_and_quality(tmp_path: Path) -> None:
    text = (
        f".WRITER_ID ann\n.STYLE CURSIVE\n{HEADER}{INK}"
        '.SEGMENT WORD 0 GOOD "one"\n.SEGMENT CHARACTER 0 BAD "x"\n.WRITER_ID bob\n.STYLE MIXED\n'
        '.SEGMENT TEXT 0-3 OK "two words"\n.SEGMENT TEXT 0-3 OK "a\\nb"\n.SEGMENT TEXT 0\n'
        '.SEGMENT CHARACTER 9 OK "y"\n'
    )
    found = [(i.kind, i.label, i.writer, i.style) for i in items(tmp_path, text)]
    assert found == [("words", "one", "ann", 3), ("lines", "two words", "lab/bob", 2)]


def test_sets_count_their_components_from_zero(tmp_path: Path) -> None:
    again = INK.replace("0 9", "5 9")
    text = f'{HEADER}{INK}.START_SET b\n.SEGMENT CHARACTER 0 ? "I"\n{again}'
    (item,) = items(tmp_path, text)
    assert points(item)[0][0] == [5, -9]


def test_ink_may_lie_in_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "include" / "lab").mkdir(parents=True)
    (tmp_path / "include" / "lab" / "ink.dat").write_text(INK)
    text = '.INCLUDE lab/ink.dat\n.INCLUDE none.doc\n.COORD X Y\n.SEGMENT CHARACTER 0 ? "I"\n'
    (item,) = items(tmp_path, text, "data/1a/some.dat")
    assert points(item) == [FIRST]
    monkeypatch.chdir(tmp_path / "data" / "1a")
    assert [points(item) for item in unipen.items_in(Path())] == [[FIRST]]


def test_a_file_that_includes_itself_is_read_once(tmp_path: Path) -> None:
    text = f'{HEADER}{INK}.INCLUDE b.dat\n.SEGMENT CHARACTER 0 ? "I"\n'
    (tmp_path / "b.dat").write_text(".COMMENT\n.INCLUDE a.dat\n.INCLUDE b.dat\n")
    (tmp_path / "a.dat").write_text(text)
    (tmp_path / "c.dat").write_text(text.replace("b.dat", "c.dat"))
    with pytest.raises(InputError, match="without anything labelled"):
        unipen.items_in(tmp_path)
    assert [item.label for item in unipen.items_in(tmp_path / "a.dat")] == ["I"]


def test_other_coordinates_and_other_units(tmp_path: Path) -> None:
    text = (
        ".COORD T Y X\n.X_POINTS_PER_MM 10\n.Y_POINTS_PER_MM 5\n.PEN_DOWN\n0 4 1\n1 0 1\n"
        '.SEGMENT CHARACTER 0 ? "I"\n'
    )
    (item,) = items(tmp_path, text)
    assert points(item) == [[[1, -8], [1, 0]]]


@pytest.mark.parametrize("up", [False, True])
def test_it_is_seen_which_way_y_goes(tmp_path: Path, up: bool) -> None:
    found = items(tmp_path, written("ann", "AbcDefHiKLmnT", up))
    ends = [(i.strokes[0][0, 1], i.strokes[0][-1, 1]) for i in found if i.label == "L"]
    assert all(first < last for first, last in ends)


labels = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=5)


@given(labels.map(lambda label: label.strip(".")).filter(bool))
def test_any_label_comes_back(tmp_path_factory, label: str) -> None:
    quoted = label.replace("\\", "\\\\").replace('"', '\\"')
    text = f'{HEADER}{INK}.SEGMENT WORD 0 OK "{quoted}"\n'
    (item,) = items(tmp_path_factory.mktemp("unipen"), text)
    assert item.label == label


@given(st.text(st.sampled_from('.SEGMNTPENDOWUCHRI_ \n019:-,?"\\a'), max_size=80))
def test_any_text_is_read_or_refused(tmp_path_factory, text: str) -> None:
    try:
        found = items(tmp_path_factory.mktemp("unipen"), f"{HEADER}{INK}{text}")
    except InputError:
        return
    assert all(len(stroke) for item in found for stroke in item.strokes)


def test_scales_are_those_of_the_archives(tmp_path: Path) -> None:
    one = ".PEN_DOWN\n100 50\n100 0\n"
    small = ".PEN_DOWN\n0 10\n30 0\n"
    segments = ('CHARACTER 0 ? "I"', 'CHARACTER 1 ? ","', 'WORD 1 ? "x"')
    text = "".join(f".SEGMENT {segment}\n" for segment in segments) + one + small
    found = items(tmp_path, f"{HEADER}.WRITER_ID ann\n{text}")
    chars, names = unipen.to_ink(found, "chars")
    assert names == ("lab/ann",)
    assert [s.tolist() for s in chars.strokes(0)] == [[[0, 0], [0, 1000]]]
    assert [s.tolist() for s in chars.strokes(1)] == [[[0, 0], [600, 200]]]
    words, _ = unipen.to_ink(found, "words")
    assert [s.tolist() for s in words.strokes(0)] == [[[0, 0], [3000, 1000]]]
    (dash,) = items(tmp_path / "b", f'{HEADER}.SEGMENT WORD 0 ? "-"\n.PEN_DOWN\n0 3\n80 3\n')
    assert unipen.to_ink([dash], "words")[0].points.tolist() == [[0, 0], [4000, 0]]


def written(writer: str, letters: str, up: bool = True, seed: int = 0) -> str:
    """A file in which somebody wrote letters, a word and a line."""
    rng = np.random.default_rng(seed)
    hand = synthetic.sample_hand(rng, wildness=0.3)
    text = [HEADER, f".WRITER_ID {writer}\n"]
    drawn = [("CHARACTER", c, synthetic.draw_character(c, rng, hand)) for c in letters]
    drawn += [("WORD", "HELLO", synthetic.draw_text("HELLO", rng, hand))]
    drawn += [("TEXT", "HELLO YOU", synthetic.draw_text("HELLO YOU", rng, hand))]
    for level, label, strokes in drawn:
        text.append(f'.SEGMENT {level} ? OK "{label}"\n')
        for stroke in strokes:
            rows = (f"{x:.0f} {-y if up else y:.0f}" for x, y in stroke)
            text.append(".PEN_DOWN\n" + "\n".join(rows) + "\n.PEN_UP\n")
    return "".join(text)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eleven writers, a file each, in two folders, of T, L and O."""
    folder = tmp_path_factory.mktemp("collection")
    for i in range(11):
        path = folder / f"data{i % 2}" / f"w{i}.dat"
        path.parent.mkdir(exist_ok=True)
        path.write_text(written(f"w{i}", "TLO" * 4, up=bool(i % 2), seed=i))
    return folder


def test_it_trains_on_a_folder_and_on_a_file(collection: Path, tmp_path: Path) -> None:
    for data in (collection, collection / "data0" / "w0.dat"):
        out = tmp_path / "model.npz"
        usual = ["train", "--homework", "--epochs", "2", "-q", "--out", str(out)]
        result = CliRunner().invoke(cli, [*usual, "--data", str(data)])
        assert result.exit_code == 0, result.output
        assert weights.load_model(out).classes[0] == "A"
        assert weights.load_model(out).record["data"] == f"pen strokes {data}"
        assert weights.load_model(out).size_terms is not None  # strokes tell sizes


def test_its_characters_are_read_by_a_shipped_model(collection: Path) -> None:
    result = CliRunner().invoke(cli, ["eval", "-m", "capitals", str(collection)])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("12 characters, accuracy ")  # one of eleven writers is test
    assert float(result.stdout.split()[3]) > 90


def test_archives_are_made_split_by_writer(collection: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        cli, ["train", "--data", str(collection), "--convert", str(tmp_path / "ink")]
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0] == f"{tmp_path}/ink/chars.npz  132 items of 11 writers"
    writers = {}
    for name, items_of_a_writer in (("chars", 12), ("words", 1), ("lines", 1)):
        for split, count in (("train", 9), ("valid", 1), ("test", 1)):
            part = ink.load(tmp_path / "ink" / f"{name}.npz", split)
            assert len(part) == items_of_a_writer * count
            with np.load(tmp_path / "ink" / f"{name}.npz") as archive:
                names = set(archive["writers"][part.writer].tolist())
            assert writers.setdefault(split, names) == names
    assert len(set.union(*writers.values())) == 11
    assert len(load_stock(tmp_path / "ink", "train").ink) > 100
    with pytest.raises(InputError, match="first make archives of them"):
        load_stock(collection, "train")
    eval_ = ["eval", "-m", "capitals", "--json"]
    scored = [
        CliRunner().invoke(cli, [*eval_, str(p)]).stdout
        for p in (collection, tmp_path / "ink" / "chars.npz")
    ]
    assert '"items": 12' in scored[1]
    assert scored[0].partition('"loss"')[0] == scored[1].partition('"loss"')[0]


def test_an_empty_split_of_lines_is_told(tmp_path: Path) -> None:
    source, folder = tmp_path / "some.dat", tmp_path / "ink"
    source.write_text(written("ann", "TLO"))
    CliRunner().invoke(cli, ["train", "--data", str(source), "--convert", str(folder)])
    with pytest.raises(InputError, match=r"nothing in the test split of words.npz"):
        load_stock(folder, "test")


@pytest.mark.parametrize(
    ("text", "arguments", "told"),
    [
        (f"{HEADER}.PEN_DOWN\n1 one\n", [], "expected numbers after .PEN_DOWN"),
        (f"{HEADER}.PEN_DOWN\n1 nan\n", [], "expected numbers after .PEN_DOWN"),
        (HEADER + INK, [], "without anything labelled"),
        ("no statements\n", ["--convert", "x"], "no UNIPEN files"),
    ],
)
def test_faults_are_one_line(tmp_path: Path, text: str, arguments: list[str], told: str) -> None:
    path = tmp_path / "some.dat"
    path.write_text(text)
    result = CliRunner().invoke(cli, ["train", "--data", str(path), *arguments])
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1), result.output
    assert told in result.stderr
    assert str(path) in result.stderr


def test_convert_needs_data() -> None:
    assert CliRunner().invoke(cli, ["train", "--convert", "x"]).exit_code == 2


def test_a_label_of_megabytes_is_damage(tmp_path: Path) -> None:
    text = HEADER + f'.SEGMENT WORD 0 OK "{"x" * 3_000_000}"\n' + INK
    with pytest.raises(InputError, match=r"some.dat: damaged UNIPEN file; a .SEGMENT of 3,000"):
        items(tmp_path, text)


def test_a_label_longer_than_a_line_is_left_out(tmp_path: Path) -> None:
    text = HEADER + f'.SEGMENT WORD 0 OK "{"x" * 2000}"\n.SEGMENT WORD 0 OK "x"\n' + INK
    assert [item.label for item in items(tmp_path, text)] == ["x"]
