import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PilImage
from support.pictures.files import noise, write_12_bit_tiff

from longtail.data.pictures.header import read_facts
from longtail.data.pictures.rgb import read_rgb
from longtail.problems import BadInputError

# 40 x 60 values from dark to bright, over all of 16 bits.
RAMP = (np.arange(40 * 60).reshape(40, 60) * 27).astype(np.uint16)


def pixels(path: Path) -> Any:
    return np.asarray(read_rgb(path))


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_damaged_pictures_are_refused_by_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    PilImage.fromarray(noise(50, 50)).save(path)
    whole = path.read_bytes()
    for broken in (b"", b"no image at all", whole[: len(whole) // 2]):
        path.write_bytes(broken)
        with pytest.raises(BadInputError, match=rf"{name}: cannot be decoded"):
            read_rgb(path)


def test_missing_picture_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no such image file"):
        read_rgb(tmp_path / "absent.jpg")


@pytest.mark.parametrize(
    ("mode", "stored", "expected"),
    [
        ("L", 100, (100, 100, 100)),
        ("I;16", 100 * 256 + 7, (100, 100, 100)),
        ("RGBA", (10, 20, 30, 0), (10, 20, 30)),
        ("LA", (50, 255), (50, 50, 50)),
        ("P", 1, (9, 8, 7)),
        ("1", 1, (255, 255, 255)),
    ],
)
def test_other_colour_modes_become_rgb(
    tmp_path: Path, mode: str, stored: Any, expected: tuple[int, int, int]
) -> None:
    picture = PilImage.new(mode, (4, 4), stored)
    if mode == "P":
        picture.putpalette([1, 2, 3, 9, 8, 7])
    picture.save(tmp_path / "a.png")
    assert read_rgb(tmp_path / "a.png").getpixel((2, 2)) == expected


def test_cmyk_jpeg_is_what_opencv_makes_of_it(tmp_path: Path) -> None:
    PilImage.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    opencv = cv2.imread(str(tmp_path / "a.jpg"))
    assert opencv is not None
    assert np.abs(pixels(tmp_path / "a.jpg")[..., ::-1].astype(int) - opencv).max() <= 3
    red, green, blue = pixels(tmp_path / "a.jpg")[8, 8].tolist()
    assert red > 200 and green < 60 and blue < 60


@pytest.mark.parametrize("name", ["grey.png", "grey.tiff", "grey.pgm", "grey.jp2"])
def test_sixteen_bit_grey_is_what_opencv_makes_of_it(tmp_path: Path, name: str) -> None:
    cv2.imwrite(str(tmp_path / name), RAMP)
    assert (pixels(tmp_path / name) == (RAMP >> 8)[..., None]).all()
    if name != "grey.jp2":
        assert (pixels(tmp_path / name) == cv2.imread(str(tmp_path / name))).all()


@pytest.mark.parametrize(("name", "rounding"), [("colour.png", 0), ("colour.tiff", 1)])
def test_sixteen_bit_colour_is_what_opencv_makes_of_it(
    tmp_path: Path, name: str, rounding: int
) -> None:
    stored = np.dstack([RAMP, RAMP[::-1], RAMP[:, ::-1]])
    cv2.imwrite(str(tmp_path / name), stored)
    opencv = cv2.imread(str(tmp_path / name))
    assert opencv is not None
    own = pixels(tmp_path / name)[..., ::-1]
    assert (own == stored >> 8).all()
    assert np.abs(own.astype(int) - opencv).max() <= rounding


def test_twelve_bit_tiff_is_scaled_by_its_own_range(tmp_path: Path) -> None:
    write_12_bit_tiff(tmp_path / "a.tiff", np.array([[0, 4095], [2048, 100]], np.uint16))
    assert pixels(tmp_path / "a.tiff")[..., 0].tolist() == [[0, 255], [128, 6]]


def test_twelve_bit_pgm_is_scaled_by_the_range_it_says(tmp_path: Path) -> None:
    values = np.array([[0, 4095], [2048, 100]], ">u2").tobytes()
    (tmp_path / "a.pgm").write_bytes(b"P5 2 2 4095\n" + values)
    assert pixels(tmp_path / "a.pgm")[..., 0].tolist() == [[0, 255], [128, 6]]


@pytest.mark.parametrize("colours", [1, 3])
def test_fewer_bits_in_a_file_of_sixteen_are_refused_instead_of_black(
    tmp_path: Path, colours: int
) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.dstack([RAMP >> 4] * colours))
    with pytest.raises(BadInputError, match=r"no value over 4095 of 65535.*scale the values"):
        read_rgb(tmp_path / "a.png")


def test_sixteen_bit_tiff_with_white_as_0_is_refused(tmp_path: Path) -> None:
    PilImage.fromarray(RAMP).save(tmp_path / "a.tiff")
    photometric = bytes([6, 1, 3, 0, 1, 0, 0, 0])
    content = (tmp_path / "a.tiff").read_bytes()
    assert content.count(photometric + b"\1") == 1
    (tmp_path / "a.tiff").write_bytes(content.replace(photometric + b"\1", photometric + b"\0"))
    with pytest.raises(BadInputError, match="16 bits in which 0 is white"):
        read_rgb(tmp_path / "a.tiff")


@pytest.mark.parametrize(
    ("kind", "told"), [(np.float32, "floating-point"), (np.int32, "32 bits, or with a sign")]
)
def test_pixels_of_unknown_range_are_refused(tmp_path: Path, kind: type, told: str) -> None:
    PilImage.fromarray(RAMP.astype(kind)).save(tmp_path / "a.tiff")
    with pytest.raises(BadInputError, match=rf"a.tiff: .*{told}.*save it with 8 bits"):
        read_rgb(tmp_path / "a.tiff")


def test_more_pixels_than_pillow_takes_by_itself_are_no_fault(tmp_path: Path) -> None:
    pillows_limit = 2 * 89_478_485
    side = math.isqrt(pillows_limit) + 1
    PilImage.new("1", (side, side), 1).save(tmp_path / "a.png")
    facts = read_facts(tmp_path / "a.png")
    assert (facts.height, facts.width, facts.fault) == (side, side, None)
