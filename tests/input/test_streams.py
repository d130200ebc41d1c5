"""Several pictures in one file or pipe, comments that are damaged, files that are cut short."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, PngImagePlugin, features

from ocr_cli.errors import InputError
from ocr_cli.input import files, find_pictures, load_page

if TYPE_CHECKING:
    from conftest import Drawn

    from tests.conftest import RunOcr


def pgm(grey: np.ndarray, kind: str = "P5", comment: str = "# by hand\n") -> bytes:
    height, width = grey.shape
    if kind in ("P1", "P4"):
        head = f"{kind}\n{comment}{width} {height}\n"
        bits = (grey < 128).astype(np.uint8)
        body = " ".join(map(str, bits.ravel())) if kind == "P1" else np.packbits(bits, 1).tobytes()
    else:
        head = f"{kind}\n{comment}{width} {height}\n255\n"
        pixels = np.repeat(grey.ravel(), 3) if kind in "P3P6" else grey.ravel()
        body = " ".join(map(str, pixels)) if kind in "P2P3" else pixels.tobytes()
    return head.encode() + (body if isinstance(body, bytes) else body.encode() + b"\n")


@pytest.mark.parametrize("kind", ["P1", "P2", "P3", "P4", "P5", "P6"])
@pytest.mark.parametrize("piped", [True, False])
def test_every_picture_of_a_pnm_stream(
    drawn: Drawn, kind: str, piped: bool, tmp_path: Path
) -> None:
    one = drawn.array(230, 20)
    other = np.ascontiguousarray(one[:, ::-1])
    data = pgm(one, kind) + pgm(other, kind) + pgm(one, kind)
    path = tmp_path / "stream.pnm"
    path.write_bytes(data)
    pictures = find_pictures("-", io.BytesIO(data)) if piped else find_pictures(str(path))
    pages = [load_page(picture) for picture in pictures]
    assert [page.frame for page in pages] == [0, 1, 2]
    assert drawn.found(pages[0]) == drawn.found(pages[2]) == drawn.mark
    width, mark = drawn.shape[1], drawn.mark
    assert drawn.found(pages[1]) == (mark.y1, width - mark.x2, mark.y2, width - mark.x1)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "WEBP"])
def test_two_pictures_through_one_pipe(drawn: Drawn, form: str) -> None:
    data = drawn.coded(drawn.picture("RGB"), form)
    last = drawn.coded(drawn.picture(), "PNG")
    pictures = find_pictures("-", io.BytesIO(data + data + last))
    assert [picture.frame for picture in pictures] == [0, 1, 2]
    for picture in pictures:
        assert drawn.found(load_page(picture)) == pytest.approx(drawn.mark, abs=1)


def test_the_pages_of_a_tiff_after_another_picture(drawn: Drawn) -> None:
    frames = [drawn.picture(), drawn.picture(), drawn.picture()]
    tiff = drawn.coded(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    pages = list(drawn.pages(drawn.coded(drawn.picture(), "PNG") + tiff))
    assert [page.frame for page in pages] == [0, 1, 2, 3]
    assert {drawn.found(page) for page in pages} == {drawn.mark}


def test_a_second_picture_that_belongs_to_the_first_is_none_of_its_own(drawn: Drawn) -> None:
    """Telephones keep a map of depth or of brightness behind a photo."""
    photo = drawn.coded(drawn.picture("RGB"), "JPEG")
    marked = photo[:2] + struct.pack(">HH", 0xFFE2, 6) + b"MPF\0" + photo[2:]
    assert len(find_pictures("-", io.BytesIO(marked + photo))) == 1
    assert len(find_pictures("-", io.BytesIO(photo + photo))) == 2


def test_what_follows_a_picture_and_is_none_is_let_be(drawn: Drawn) -> None:
    data = drawn.coded(drawn.picture(), "PNG")
    assert len(find_pictures("-", io.BytesIO(data + bytes(500)))) == 1


def test_more_pictures_than_make_sense_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_FRAMES", 5)
    dot = b"P5 1 1 255\n\0"
    assert len(find_pictures("-", io.BytesIO(dot * 5))) == 5
    with pytest.raises(InputError, match="more than 5 pictures"):
        find_pictures("-", io.BytesIO(dot * 6))


def png_chunk(kind: bytes, content: bytes) -> bytes:
    crc = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)


@pytest.mark.parametrize("where", ["before", "behind"])
@pytest.mark.parametrize("what", ["long", "spoilt", "spoilt kind"])
def test_a_comment_does_not_cost_the_picture(drawn: Drawn, where: str, what: str) -> None:
    data = drawn.coded(drawn.picture(), "PNG")
    chunk = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(5_000_000)))
    if what == "spoilt":
        chunk = bytearray(png_chunk(b"tEXt", b"Comment\0written by hand"))
        chunk[20] ^= 1
    elif what == "spoilt kind":
        chunk = bytearray(png_chunk(b"eXIf", b"MM\0*\0\0\0\x08" + bytes(8)))
        chunk[14] ^= 1
    at = 33 if where == "before" else len(data) - 12
    page = drawn.page(data[:at] + bytes(chunk) + data[at:])
    assert drawn.found(page) == drawn.mark
    assert not page.fault


def test_a_sound_orientation_outlives_a_spoilt_comment(drawn: Drawn) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "x" * 2_000_000, zip=True)
    turned = drawn.picture().rotate(180)
    assert (
        drawn.found(drawn.page(drawn.coded(turned, "PNG", exif=exif, pnginfo=info))) == drawn.mark
    )


def rows_of_ink(form: str, **how: object) -> bytes:
    """A light picture with a dark bar at its top and, lower, noise that takes many bytes."""
    grey = np.full((240, 320), 225, np.uint8)
    grey[10:18, 20:300] = 20
    grey[40:] -= np.random.default_rng(0).integers(0, 20, (200, 320), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, form, **how)
    return file.getvalue()


@pytest.mark.parametrize(
    ("form", "how"),
    [
        ("JPEG", {"quality": 90}),
        ("JPEG", {"quality": 90, "progressive": True}),
        ("PNG", {}),
        ("BMP", {}),
        ("PPM", {}),
        ("TIFF", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"quality": 95}),
    ],
)
@pytest.mark.parametrize("left", [0.97, 0.5])
def test_of_a_file_that_is_cut_short_what_is_there_is_read(
    drawn: Drawn, form: str, how: dict[str, object], left: float
) -> None:
    data = rows_of_ink(form, **how)
    try:
        page = drawn.page(data[: int(left * len(data))])
    except InputError:
        assert form in ("TIFF", "BMP")  # its directory may be at its end
        return
    assert "cut short; what is left of it was read" in page.fault
    assert page.grey[10:18, 30:290].mean() < 0.2 or form == "BMP"
    assert page.grey[100:].min() > 0.5  # and nothing that looks like ink where it is not there


@pytest.mark.parametrize("bare", [False, True], ids=["in boxes", "bare"])
def test_of_a_jpeg_2000_that_lacks_its_end_what_is_there_is_read(drawn: Drawn, bare: bool) -> None:
    data = rows_of_ink("JPEG2000", no_jp2=bare)
    page = drawn.page(data[: int(0.97 * len(data))])
    assert "cut short; what is left of it was read" in page.fault
    assert page.grey[10:18, 30:290].mean() < 0.3


def test_cut_pictures_are_read_and_told_and_the_exit_status_is_1(
    run_ocr: RunOcr, tmp_path: Path
) -> None:
    whole, cut = tmp_path / "whole.jpg", tmp_path / "cut.jpg"
    photo = Path("examples/todo.jpg").read_bytes()
    whole.write_bytes(photo)
    cut.write_bytes(photo[: int(0.97 * len(photo))])
    done = run_ocr("read", "-q", cut, whole)
    texts = done.stdout.decode().split("\n\n")
    assert done.returncode == 1
    assert texts[0].split("\n")[:3] == texts[1].split("\n")[:3]
    assert done.stderr.decode().splitlines() == [
        f"ocr: {cut}: the picture is damaged or cut short; what is left of it was read"
    ]
    boxes = run_ocr("extract", "-q", cut)
    assert boxes.returncode == 1
    assert boxes.stdout.count(b"\n") > 20


@pytest.mark.parametrize("how", [{}, {"no_jp2": True}])
def test_jpeg_2000(drawn: Drawn, how: dict[str, object], tmp_path: Path) -> None:
    data = drawn.coded(drawn.picture("RGB"), "JPEG2000", **how)
    assert drawn.found(drawn.page(data)) == drawn.mark
    (tmp_path / "scan.jp2").write_bytes(data)
    assert files.find_files(str(tmp_path), recursive=True) == [str(tmp_path / "scan.jp2")]


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif(drawn: Drawn) -> None:
    data = drawn.coded(drawn.picture("RGB"), "AVIF", quality=95)
    assert drawn.found(drawn.page(data)) == drawn.mark


def test_a_format_that_this_pillow_lacks_is_told(
    drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ocr_cli.input import formats

    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(formats.importlib, "import_module", missing)
    with pytest.raises(InputError, match="is AVIF, which this Pillow does not read; pip install"):
        drawn.page(b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf")


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "is HEIC, which needs pillow-heif|damaged"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "is HEIC, which needs pillow-heif|damaged"),
        (b"\0\0\0\x18ftypisom\0\0\0\0mp41", "is a film"),
    ],
)
def test_relatives_of_avif_are_told_apart(drawn: Drawn, head: bytes, told: str) -> None:
    with pytest.raises(InputError, match=told):
        drawn.page(head)
