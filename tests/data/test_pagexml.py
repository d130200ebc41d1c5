"""ALTO and PAGE as their makers write them, their faults, and the marks of transcribers."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ocr_cli.data.formats.given import TranscribedPage, as_written, baseline_in
from ocr_cli.data.formats.pagexml import is_foreign, load_page_xml, root_name
from ocr_cli.errors import InputError

ALTO = "http://www.loc.gov/standards/alto/ns-v4#"
EQUIV = "<TextEquiv><Unicode>{}</Unicode></TextEquiv>"
PAGE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/{}-07-15"


def alto(lines: str, size: str = 'WIDTH="200" HEIGHT="100"', unit: str = "pixel", more: str = ""):
    return f"""<?xml version="1.0" encoding="UTF-8"?><alto xmlns="{ALTO}">
<Description><MeasurementUnit>{unit}</MeasurementUnit><sourceImageInformation>
<fileName>a.png</fileName></sourceImageInformation></Description>
<Tags><OtherTag ID="X" LABEL="illegible"/></Tags>{more}
<Layout><Page ID="p" {size}><PrintSpace><TextBlock ID="b">{lines}</TextBlock></PrintSpace></Page>
</Layout></alto>"""


def line(strings: str, name: str = "l", y: int = 40, baseline: str | None = None) -> str:
    baseline = f'BASELINE="10 {y} 190 {y}"' if baseline is None else baseline
    return f"""<TextLine ID="{name}" {baseline} HPOS="10" VPOS="{y - 20}" WIDTH="180" HEIGHT="30">
{strings}</TextLine>"""


def string(text: str, more: str = "", inside: str = "") -> str:
    box = 'HPOS="10" VPOS="20" WIDTH="90" HEIGHT="30"'
    return f'<String CONTENT="{text}" {box} {more}>{inside}</String>'


def page(regions: str, year: int = 2013, size: str = 'imageWidth="200" imageHeight="100"') -> str:
    return f"""<?xml version="1.0"?><PcGts xmlns="{PAGE.format(year)}"><Metadata/>
<Page imageFilename="a.png" {size}>{regions}</Page></PcGts>"""


def text_line(text: str, name: str = "l", more: str = "", y: int = 40, inside: str = "") -> str:
    coords = f"10,{y - 20} 190,{y - 20} 190,{y + 10} 10,{y + 10}"
    return f"""<TextLine id="{name}" {more}><Coords points="{coords}"/>
<Baseline points="10,{y} 190,{y}"/>{inside}{EQUIV.format(text)}</TextLine>"""


def load(folder: Path, content: str | bytes, size: tuple[int, int] = (200, 100)) -> TranscribedPage:
    Image.new("L", size, 255).save(folder / "a.png")
    path = folder / "a.xml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_page_xml(path)


def texts(given: TranscribedPage) -> list[str]:
    return [row.text for row in given.rows]


def test_alto_of_whole_lines_as_escriptorium_has_it(tmp_path: Path) -> None:
    polygon = '<Shape><Polygon POINTS="10 20 190 20 190 50 10 50"/></Shape>'
    found = load(tmp_path, alto(line(polygon + string("l&#x27;été  1914"))))
    (row,) = found.rows
    assert (found.picture, found.shape) == (tmp_path / "a.png", (100, 200))
    assert (row.text, row.words, row.legible) == ("l'été 1914", (), True)
    assert row.baseline.tolist() == [[10, 40], [190, 40]]
    assert row.outline.tolist() == [[10, 20], [190, 20], [190, 50], [10, 50]]


def test_alto_of_words_as_kraken_has_it(tmp_path: Path) -> None:
    last = string("row", 'SUBS_TYPE="HypPart1"')
    strings = string("to") + "<SP/>" + string("mor") + last + '<HYP CONTENT="-"/>'
    (row,) = load(tmp_path, alto(line(strings))).rows
    assert row.text == "to morrow-"
    assert [word.text for word in row.words] == ["to", "mor", "row"]


@pytest.mark.parametrize("tag", ["", 'TAGREFS="H X"'])
def test_rows_that_were_not_read_are_there_and_not_legible(tmp_path: Path, tag: str) -> None:
    rows = load(tmp_path, alto(line(string("", tag), y=20) + line(string("yes"), y=60))).rows
    assert [(row.text, row.legible) for row in rows] == [("", False), ("yes", True)]


def test_a_reading_order_of_alto_is_kept(tmp_path: Path) -> None:
    order = (
        '<ReadingOrder><OrderedGroup><ElementRef ID="r1" REF="l2"/><ElementRef ID="r2" REF="l1"/>'
    )
    content = alto(
        line(string("second"), "l1") + line(string("first"), "l2"),
        more=order + "</OrderedGroup></ReadingOrder>",
    )
    assert texts(load(tmp_path, content)) == ["first", "second"]


@pytest.mark.parametrize("unit", ["mm10", "inch1200"])
def test_other_units_are_brought_to_pixels_by_the_picture_s_size(tmp_path: Path, unit: str) -> None:
    content = alto(line(string("ten")), unit=unit)
    (row,) = load(tmp_path, content, size=(400, 200)).rows
    assert row.baseline.tolist() == [[20, 80], [380, 80]]
    assert row.outline.max(0).tolist() == [380, 100]


@pytest.mark.parametrize("baseline", ["", 'BASELINE=""', 'BASELINE="46"'])
def test_a_baseline_is_made_where_there_is_none(tmp_path: Path, baseline: str) -> None:
    (row,) = load(tmp_path, alto(line(string("x"), baseline=baseline))).rows
    assert row.baseline[0, 0] == 10
    assert row.baseline[-1, 0] == 190
    np.testing.assert_allclose(row.baseline[:, 1], 46 if "46" in baseline else 41)


def test_an_outline_is_made_of_the_neighbours_height(tmp_path: Path) -> None:
    bare = f'<TextLine id="b"><Baseline points="20,80 180,80"/>{EQUIV.format("b")}</TextLine>'
    rows = load(tmp_path, page(f"<TextRegion>{text_line('a', y=30)}{bare}</TextRegion>")).rows
    assert np.ptp(rows[1].outline[:, 1]) == pytest.approx(30)
    assert rows[1].outline[:, 1].min() < 80 < rows[1].outline[:, 1].max()


@pytest.mark.parametrize("year", [2013, 2019])
def test_page_in_the_reading_order_that_transkribus_writes(tmp_path: Path, year: int) -> None:
    order = """<ReadingOrder><OrderedGroup id="o"><RegionRefIndexed index="1" regionRef="r1"/>
<RegionRefIndexed index="0" regionRef="r2"/></OrderedGroup></ReadingOrder>"""
    regions = f"""<TextRegion id="r1" custom="readingOrder {{index:0;}}">
<Coords points="0,0 9,0 9,9"/>
{text_line("fourth", "l2", 'custom="readingOrder {index:1;} x {a:1;}"')}
{text_line("third", "l1", 'custom="readingOrder {index:0;}"')}
<TextEquiv><Unicode>third fourth</Unicode></TextEquiv></TextRegion>
<TextRegion id="r2">{text_line("first", "l3")}{text_line("second", "l4")}</TextRegion>"""
    found = load(tmp_path, page(order + regions, year))
    assert texts(found) == ["first", "second", "third", "fourth"]


def test_groups_in_groups_and_regions_in_regions(tmp_path: Path) -> None:
    order = """<ReadingOrder><OrderedGroup><OrderedGroupIndexed index="1">
<RegionRefIndexed index="1" regionRef="a"/><RegionRefIndexed index="0" regionRef="b"/>
</OrderedGroupIndexed><RegionRefIndexed index="0" regionRef="c"/></OrderedGroup></ReadingOrder>"""
    regions = f"""<TextRegion id="a">{text_line("3")}</TextRegion>
<TableRegion id="b"><TableCell>{text_line("2")}</TableCell></TableRegion>
<TextRegion id="unlisted">{text_line("4")}</TextRegion>
<TextRegion id="c"><TextRegion id="d">{text_line("1")}</TextRegion></TextRegion>"""
    assert texts(load(tmp_path, page(order + regions))) == ["1", "2", "3", "4"]


def test_the_first_of_several_readings_is_taken(tmp_path: Path) -> None:
    several = """<TextLine id="l"><Coords points="1,1 99,1 99,30 1,30"/>
<TextEquiv index="1"><Unicode>worse</Unicode></TextEquiv>
<TextEquiv index="0"><PlainText>best</PlainText><Unicode/></TextEquiv></TextLine>"""
    assert texts(load(tmp_path, page(f"<TextRegion>{several}</TextRegion>"))) == ["best"]


def test_words_of_page_make_the_text_of_a_line_without(tmp_path: Path) -> None:
    words = "".join(
        f'<Word><Coords points="{x},20 {x + 40},20 {x + 40},50"/>{EQUIV.format(text)}</Word>'
        for x, text in ((10, "two"), (60, "words"))
    )
    content = page(f"<TextRegion>{text_line('', inside=words)}</TextRegion>")
    (row,) = load(tmp_path, content).rows
    assert row.text == "two words"
    assert [word.text for word in row.words] == ["two", "words"]


def test_the_points_of_2010(tmp_path: Path) -> None:
    corners = "".join(
        f'<Point x="{x}" y="{y}"/>' for x, y in ((9, 20), (99, 20), (99, 50), (9, 50))
    )
    old = f'<TextLine id="l"><Coords>{corners}</Coords>{EQUIV.format("old")}</TextLine>'
    (row,) = load(tmp_path, page(f"<TextRegion>{old}</TextRegion>", 2010)).rows
    np.testing.assert_allclose(row.baseline[:, 1], 41)


@pytest.mark.parametrize("folder", ["page", "alto"])
def test_pictures_lie_above_the_folder_that_transkribus_makes(tmp_path: Path, folder: str) -> None:
    Image.new("L", (200, 100)).save(tmp_path / "a.png")
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "a.xml").write_text(page(f"<TextRegion>{text_line('x')}</TextRegion>"))
    assert load_page_xml(tmp_path / folder / "a.xml").picture == tmp_path / "a.png"


def test_a_picture_of_the_file_s_own_name_will_do(tmp_path: Path) -> None:
    Image.new("L", (200, 100)).save(tmp_path / "b.JPG", "JPEG")
    (tmp_path / "b.xml").write_text(page(f"<TextRegion>{text_line('x')}</TextRegion>"))
    assert load_page_xml(tmp_path / "b.xml").picture.name == "b.JPG"


def test_a_picture_turned_by_exif_may_be_measured_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("L", (100, 200)).save(tmp_path / "a.png", exif=exif)
    (tmp_path / "a.xml").write_text(page(f"<TextRegion>{text_line('x')}</TextRegion>"))
    assert load_page_xml(tmp_path / "a.xml").shape == (100, 200)


BOMB = b"""<?xml version="1.0"?><!DOCTYPE PcGts [<!ENTITY a "aaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>
<PcGts><Page imageWidth="200" imageHeight="100">&b;</Page></PcGts>"""
OUTSIDE = text_line("x").replace("190,20", "900,20")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "not readable as XML: no element found"),
        ("no XML", "not readable as XML"),
        (page("<TextRegion>")[:-30], "not readable as XML"),
        ("<html/>", "an XML file of <html>; ALTO or PAGE XML is needed"),
        (BOMB, "declares a document type; take <!DOCTYPE"),
        (page(""), "has no text; transcribe the page first"),
        (page(f"<TextRegion>{text_line('')}</TextRegion>"), "has no text"),
        (f'<alto xmlns="{ALTO}"/>', "has 0 pages"),
        (
            page(
                f"<TextRegion>{text_line('x')}</TextRegion>",
                size='imageWidth="400" imageHeight="200"',
            ),
            "is for a picture of 400 × 200 pixels, and a.png has 200 × 100 pixels",
        ),
        (alto(line(string("x")), 'WIDTH="100" HEIGHT="100"', "mm10"), "100 × 100 mm10s"),
        (alto(line(string("x")), "", "mm10"), "does not say how large"),
        (alto(line(string("x")), 'WIDTH="wide" HEIGHT="100"'), "WIDTH is no number: wide"),
        (
            page(f"<TextRegion>{OUTSIDE}</TextRegion>"),
            "row l lies outside of the picture of 200 × 100",
        ),
        (
            page(f"<TextRegion>{text_line('x').replace('190,20', '190,nan')}</TextRegion>"),
            "row l has points that are no pairs of numbers",
        ),
        (
            alto(line(string("x"), baseline='BASELINE="1 2 3"')),
            "row l has points that are no pairs",
        ),
        (
            page(f'<TextLine id="l">{EQUIV.format("x")}</TextLine>'),
            "row l has neither a baseline nor an outline",
        ),
    ],
)
def test_faults_are_told_with_the_file(tmp_path: Path, content: str | bytes, told: str) -> None:
    with pytest.raises(InputError) as fault:
        load(tmp_path, content)
    assert str(fault.value).startswith(f"{tmp_path / 'a.xml'}: ")
    assert told in str(fault.value)


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "b.xml").write_text(page(f"<TextRegion>{text_line('x')}</TextRegion>"))
    with pytest.raises(InputError, match=r"its picture is missing: a\.png; put it beside"):
        load_page_xml(tmp_path / "b.xml")
    (tmp_path / "b.xml").write_text(page(text_line("x")).replace("a.png", "a" * 5000))
    with pytest.raises(InputError, match="its picture is missing: aaa"):
        load_page_xml(tmp_path / "b.xml")
    with pytest.raises(InputError, match="cannot be opened"):
        load_page_xml(tmp_path / "none.xml")


def test_what_reaches_a_little_over_the_edge_is_cut_off(tmp_path: Path) -> None:
    near = text_line("x").replace("190,20", "203,-2")
    (row,) = load(tmp_path, page(f"<TextRegion>{near}</TextRegion>")).rows
    assert row.outline[1].tolist() == [200, 0]


def test_other_xml_is_told_from_damaged_pages(tmp_path: Path) -> None:
    (tmp_path / "mets.xml").write_text('<mets:mets xmlns:mets="http://www.loc.gov/METS/"/>')
    (tmp_path / "torn.xml").write_text("<alto")
    assert is_foreign(tmp_path / "mets.xml")
    assert not is_foreign(tmp_path / "torn.xml")
    assert root_name(page("").encode()) == "PcGts"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("le 20^e mars, M^r X", "le 20e mars, Mr X"),
        ("évolu>e< au club", "évolu au club"),
        ("Tourment (Right>< Cross)", "Tourment (Right Cross)"),
        ("a >long crossed out< b", "a b"),
        ("⟦so⟧ was ⟦⟧it", "was it"),
        ("> Passive voice - Impersonal", "> Passive voice - Impersonal"),
        ("a > b and c < d", "a > b and c < d"),
        ("if (a < b)", "if (a < b)"),
        (">a< b >c<", "b"),
    ],
)
def test_marks_of_transcribers_are_read_as_what_is_written(text: str, written: str) -> None:
    assert as_written(text) == written


@given(st.text("ab ><⟦⟧^", max_size=20))
def test_what_is_written_has_no_more_than_was_there(text: str) -> None:
    written = as_written(text)
    assert "^" not in written
    rest = iter(text)
    assert all(character in rest for character in written if character != " ")


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 100)), min_size=3, max_size=12))
def test_a_baseline_lies_within_its_outline(points: list[tuple[int, int]]) -> None:
    outline = np.array(points, float)
    baseline = baseline_in(outline)
    assert np.isfinite(baseline).all()
    assert (baseline >= outline.min(0)).all()
    assert (baseline <= outline.max(0)).all()


@given(st.binary(max_size=60), st.integers(0, 700))
def test_a_damaged_file_is_never_more_than_an_input_error(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, place: int
) -> None:
    folder = tmp_path_factory.mktemp("noise")
    whole = alto(line(string("to") + "<SP/>" + string("do"))).encode()
    with suppress(InputError):
        load(folder, whole[:place] + noise + whole[place + len(noise) :])


@pytest.mark.parametrize("folder", ["gnhk/test", "copiste/test", "memorials/test"])
def test_real_pages_say_what_their_text_files_say(data: Path, folder: str) -> None:
    files = sorted((data / "real" / folder).glob("*.xml"))[:5]
    if not files:
        pytest.skip(f"no {folder} in the data folder")
    for path in files:
        written = [row.written for row in load_page_xml(path).rows]
        lines = path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
        assert [text for text in written if text] == [
            " ".join(x.split()) for x in lines if x.strip()
        ]
