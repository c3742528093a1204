from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PilImage
from PIL import ImageOps
from support.pictures.files import noise, write_picture
from torchvision.io import ImageReadMode, decode_image

from longtail.data.pictures.opening import opened
from longtail.data.pictures.orientation import orientation_of, shown_size
from longtail.data.pictures.rgb import read_rgb
from longtail.problems import BadInputError


@pytest.mark.parametrize("ending", ["jpg", "png", "tiff", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_pillow_turns_them(
    tmp_path: Path, orientation: int, ending: str
) -> None:
    path = tmp_path / f"a.{ending}"
    write_picture(path, (40, 60), orientation)
    with PilImage.open(path) as picture:
        expected = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    assert np.array_equal(np.asarray(read_rgb(path)), expected)
    with opened(path) as picture:
        assert shown_size(picture, orientation_of(picture)) == expected.shape[:2]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_opencv_and_torchvision_turn_them(
    tmp_path: Path, orientation: int
) -> None:
    path = tmp_path / "a.png"
    write_picture(path, (40, 60), orientation)
    own = np.asarray(read_rgb(path))
    opencv = cv2.imread(str(path))
    assert opencv is not None
    assert np.array_equal(own[..., ::-1], opencv)
    turned = decode_image(str(path), ImageReadMode.RGB, apply_exif_orientation=True)
    assert np.array_equal(own, turned.permute(1, 2, 0).numpy())


def test_a_png_may_say_it_after_its_pixels(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    write_picture(path, (40, 60), 6)
    content = path.read_bytes()
    start = content.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(content[start : start + 4])
    iend = content.rindex(b"IEND") - 4
    late = content[:start] + content[end:iend] + content[start:end] + content[iend:]
    path.write_bytes(late)
    assert read_rgb(path, (60, 40)).size == (40, 60)


def test_a_picture_without_a_valid_orientation_is_upright(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    for orientation in (0, 9):
        write_picture(path, (40, 60), orientation)
        assert read_rgb(path, (40, 60)).size == (60, 40)
    PilImage.fromarray(noise(40, 60)).save(path, exif=b"Exif\0\0no EXIF at all")
    assert read_rgb(path, (40, 60)).size == (60, 40)


def test_sizes_before_turning_are_refused_as_such(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.jpg", (40, 60), 6)
    with pytest.raises(BadInputError, match=r"its EXIF orientation.*60 x 40 in the pict"):
        read_rgb(tmp_path / "a.jpg", (40, 60))
    assert read_rgb(tmp_path / "a.jpg", (60, 40)).size == (40, 60)
