"""Pictures of every kind become the same upright grey page, and its boxes lie in the file."""

import io
import itertools
import os
import struct
import time
import zlib
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ocr_cli.errors import InputError
from ocr_cli.input import Picture, files, find_files, find_pictures, limits, load_page, load_pages
from ocr_cli.page import Box, Page

MARK = Box(10, 20, 18, 50)  # where the picture of `marked` is dark
SIZE = (90, 60)


def marked(mode: str = "L", size: tuple[int, int] = SIZE, mark: Box = MARK) -> Image.Image:
    """A light picture, dark in `mark`."""
    picture = Image.new("L", size, 230)
    picture.paste(20, (mark.x1, mark.y1, mark.x2, mark.y2))
    return picture.convert(mode, dither=Image.Dither.NONE)


def encoded(picture: Image.Image, form: str, **how: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **how)
    return file.getvalue()


def only_page(data: bytes) -> Page:
    (page,) = load_pages(data)
    return page


def dark_box(page: Page) -> Box:
    """The box around what is darker than middle grey, in the file's pixels."""
    ys, xs = np.nonzero(page.grey < 0.5)
    return page.box_in_file(Box(int(ys.min()), int(xs.min()), int(ys.max()) + 1, int(xs.max()) + 1))


@pytest.mark.parametrize(
    ("form", "mode", "how"),
    [
        ("JPEG", "L", {"quality": 95}),
        ("JPEG", "RGB", {"quality": 95}),
        ("JPEG", "RGB", {"quality": 95, "progressive": True}),
        ("JPEG", "CMYK", {"quality": 95}),
        ("PNG", "1", {}),
        ("PNG", "L", {}),
        ("PNG", "P", {}),
        ("PNG", "LA", {}),
        ("PNG", "RGBA", {}),
        ("TIFF", "1", {"compression": "group4"}),
        ("TIFF", "L", {"compression": "tiff_lzw"}),
        ("TIFF", "RGB", {}),
        ("TIFF", "CMYK", {}),
        ("TIFF", "LAB", {}),
        ("TIFF", "F", {}),
        ("BMP", "1", {}),
        ("BMP", "RGB", {}),
        ("GIF", "P", {}),
        ("WEBP", "RGB", {"lossless": True}),
        ("WEBP", "RGBA", {"quality": 95}),
        ("PPM", "L", {}),
    ],
)
def test_every_format_and_mode_gives_the_same_page(
    form: str, mode: str, how: dict[str, object]
) -> None:
    picture = marked("RGB" if mode == "LAB" else mode)
    if mode == "LAB":
        lightness = marked("L")
        flat = Image.new("L", SIZE, 128)
        picture = Image.merge("LAB", (lightness, flat, flat))
    page = only_page(encoded(picture, form, **how))
    assert page.grey.dtype == np.float32
    assert page.grey.shape == SIZE[::-1] == page.file_shape
    assert dark_box(page) == MARK
    inside = page.grey[MARK.y1 + 1 : MARK.y2 - 1, MARK.x1 + 1 : MARK.x2 - 1]
    assert inside.mean() < 0.15
    assert np.median(page.grey) > 0.85
    assert 0 <= page.grey.min() <= page.grey.max() <= 1


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_deep_grey_is_scaled_by_the_bits_that_are_used(bits: int, form: str) -> None:
    full = 2**bits - 1
    deep = np.full((40, 40), full, np.uint16)
    deep[10:20, 10:20] = full // 4
    page = only_page(encoded(Image.fromarray(deep), form))
    assert page.grey.max() == pytest.approx(1)
    assert page.grey[15, 15] == pytest.approx(0.25, abs=0.01)


def test_a_tiff_that_stores_white_as_zero_is_not_inverted() -> None:
    deep = np.full((30, 30), 60_000, np.uint16)
    deep[5:10, 5:10] = 0
    page = only_page(encoded(Image.fromarray(deep), "TIFF", tiffinfo={262: 0}))
    assert page.grey[7, 7] == 1
    assert page.grey[20, 20] < 0.2


@pytest.mark.parametrize("ink", [0, 255])
def test_ink_on_nothing_stays_readable(ink: int) -> None:
    picture = Image.new("RGBA", SIZE, (ink, ink, ink, 0))
    picture.paste((ink, ink, ink, 255), (MARK.x1, MARK.y1, MARK.x2, MARK.y2))
    page = only_page(encoded(picture, "PNG"))
    written = page.grey[MARK.y1 : MARK.y2, MARK.x1 : MARK.x2]
    assert abs(float(written.mean() - page.grey[-1, -1])) == 1
    if ink == 0:
        assert page.grey[-1, -1] == 1


@pytest.mark.parametrize("form", ["PNG", "GIF"])
def test_a_transparent_palette_colour_is_paper(form: str) -> None:
    picture = Image.new("P", SIZE, 0)
    picture.putpalette([0, 0, 0, 10, 10, 10])  # transparent black, and ink
    picture.paste(1, (MARK.x1, MARK.y1, MARK.x2, MARK.y2))
    page = only_page(encoded(picture, form, transparency=0))
    assert dark_box(page) == MARK
    assert page.grey[-1, -1] == 1


# What EXIF orientation says: where the stored picture's first row and first column are seen.
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.T,
    6: np.rot90,
    7: lambda upright: upright[::-1, ::-1].T,
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("form", ["JPEG", "TIFF", "PNG", "WEBP"])
def test_pictures_are_turned_upright_and_boxes_go_back(form: str, orientation: int) -> None:
    stored = np.ascontiguousarray(STORED[orientation](np.asarray(marked())))
    ys, xs = np.nonzero(stored < 128)
    exif = Image.Exif()
    exif[0x0112] = orientation
    how = {"quality": 95} if form in ("JPEG", "WEBP") else {}
    picture = Image.fromarray(stored).convert("RGB" if form == "WEBP" else "L")
    page = only_page(encoded(picture, form, exif=exif, **how))
    assert page.grey.shape == SIZE[::-1]
    seen = np.nonzero(page.grey < 0.5)
    assert (seen[0].min(), seen[1].min()) == (MARK.y1, MARK.x1)
    assert page.file_shape == stored.shape
    assert dark_box(page) == (ys.min(), xs.min(), ys.max() + 1, xs.max() + 1)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("size", [(5000, 3501), (3000, 2001), (2200, 900)])
def test_large_pictures_shrink_and_boxes_stay_where_they_were(
    size: tuple[int, int], form: str, orientation: int
) -> None:
    mark = Box(320, 640, 480, 1280)
    exif = Image.Exif()
    exif[0x0112] = orientation
    page = only_page(encoded(marked(size=size, mark=mark), form, exif=exif))
    assert 1500 <= max(page.grey.shape) <= 2300
    assert page.file_shape == size[::-1]
    assert np.abs(np.subtract(dark_box(page), mark)).max() <= 3


def test_a_long_strip_stays_high_enough_to_read() -> None:
    page = only_page(encoded(Image.new("L", (12_000, 200), 255), "PNG"))
    assert page.grey.shape[0] >= 150


def test_nothing_is_enlarged() -> None:
    assert only_page(encoded(Image.new("L", (1, 1)), "PNG")).grey.shape == (1, 1)


def test_every_page_of_a_tiff_and_the_first_frame_of_an_animation() -> None:
    frames = [Image.new("L", (20 + 10 * n, 20), 50 * n) for n in range(3)]
    tiff = encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    pages = list(load_pages(tiff, "scan.tif"))
    assert [(page.source, page.frame, page.grey.shape[1]) for page in pages] == [
        ("scan.tif", 0, 20),
        ("scan.tif", 1, 30),
        ("scan.tif", 2, 40),
    ]
    gif = encoded(
        Image.new("P", (9, 9)), "GIF", save_all=True, append_images=[Image.new("P", (9, 9), 1)]
    )
    assert len(list(load_pages(gif))) == 1


def test_a_photo_of_12_megapixels_takes_a_fifth_of_a_second(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    paper = Image.fromarray(rng.normal(190, 12, (750, 1000)).clip(0, 255).astype(np.uint8))
    photo = tmp_path / "photo.jpg"
    paper.resize((4000, 3000)).convert("RGB").save(photo, quality=90)

    def seconds() -> float:
        start = time.process_time()
        list(load_pages(str(photo)))
        return time.process_time() - start

    assert min(seconds() for _ in range(3)) <= 0.2


JPEG = encoded(marked(), "JPEG")
PNG = encoded(marked(), "PNG")


def png_claiming(width: int, height: int) -> bytes:
    """A small PNG whose header says that it holds width × height pixels."""
    header = b"IHDR" + struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return PNG[:8] + chunk + PNG[33:]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (JPEG[: len(JPEG) // 2], "cut short"),
        (JPEG[:40], "cut short"),
        (PNG[: len(PNG) // 2], "cut short"),
        (b"\xff\xd8\xff", "cut short"),
        (b"GIF89a", "no picture behind the first bytes"),
        (encoded(marked(), "TIFF")[:60], "cut short"),
        (b"Dear Anna,\nthis is no picture.\n", "is text"),
        ("ä".encode() * 300, "is text"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "needs pillow-heif|damaged"),
        (bytes(range(256)), "no picture of a known format"),
        (png_claiming(60_000, 60_000), "too large"),
        (png_claiming(13_000, 13_000), "too large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_picture_is_told_in_one_line(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as failure:
        only_page(data)
    assert failure.value.source == "-"
    assert "\n" not in str(failure.value)


@given(st.data())
def test_a_damaged_picture_is_a_page_or_an_input_error(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(WHOLE))
    at = data.draw(st.integers(0, len(whole) - 1))
    bad = data.draw(st.binary(min_size=1, max_size=6))
    try:
        pages = list(load_pages(whole[:at] + bad + whole[at + len(bad) :]))
    except InputError:
        return
    assert all(np.isfinite(page.grey).all() for page in pages)


WHOLE = [
    JPEG,
    PNG,
    *(encoded(marked("P"), form) for form in ("GIF", "BMP")),
    encoded(marked("RGB"), "WEBP"),
    encoded(marked(), "TIFF", compression="tiff_lzw"),
    encoded(marked(), "TIFF"),
]


@pytest.mark.parametrize(
    ("size", "stored", "hollow"),
    [
        ((15_000, 10_000), 50_000, False),
        ((15_000, 10_000), 49_999, True),
        ((5_000, 4_000), 100, False),
        ((5_000, 4_001), 100, True),
    ],
)
def test_a_large_picture_takes_a_byte_for_so_many_pixels(
    size: tuple[int, int], stored: int, hollow: bool
) -> None:
    with pytest.raises(InputError, match="damaged") if hollow else nullcontext():
        limits.check_content(size, stored)


def test_files_that_do_not_open(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        list(load_pages(str(tmp_path / "none.png")))
    with pytest.raises(InputError, match="folder"):
        list(load_pages(str(tmp_path)))
    if os.geteuid():
        locked = tmp_path / "locked.png"
        locked.write_bytes(PNG)
        locked.chmod(0)
        with pytest.raises(InputError, match="may not be read"):
            list(load_pages(str(locked)))


def test_a_pipe_that_never_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 1000)
    assert find_pictures("-", io.BytesIO(b"P" * 1000))[0].data == b"P" * 1000
    with pytest.raises(InputError, match="pipe"):
        find_pictures("-", io.BytesIO(b"P" * 1001))


def test_a_named_pipe_is_read_once_and_here(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = os.fork()
    if writer == 0:
        pipe.write_bytes(PNG)
        os._exit(0)
    (picture,) = find_pictures(str(pipe))
    os.waitpid(writer, 0)
    assert picture.data == PNG
    assert dark_box(load_page(picture)) == MARK


def test_folders_give_their_pictures_in_order(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG", "notes.txt", ".hidden.png", "z/1.tiff", ".git/x.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "z" / "up").symlink_to(tmp_path)  # must not go round in circles
    found = find_files(str(tmp_path), recursive=True)
    assert found == [str(tmp_path / name) for name in ("a.JPG", "b.png", "z/1.tiff")]
    with pytest.raises(InputError, match="--recursive"):
        find_files(str(tmp_path))


def test_a_folder_without_pictures_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match="no pictures"):
        find_files(str(tmp_path), recursive=True)


def test_files_and_missing_files_stand_for_themselves(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.png")
    assert find_files(missing) == find_files(missing, recursive=True) == [missing]
    assert find_files("-") == ["-"]
    assert find_pictures(missing) == [Picture(missing)]


def test_the_eight_orientations_differ() -> None:
    corners = np.arange(6).reshape(2, 3)
    for a, b in itertools.combinations(STORED.values(), 2):
        assert not np.array_equal(a(corners), b(corners))
