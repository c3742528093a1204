"""Names and sizes compared with the picture files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as PilImage

Record = dict[str, Any]
Convert = Callable[..., Record]
Refused = Callable[..., str]
UPRIGHT, MIRRORED, QUARTER_TURN = 1, 2, 6


def save(path: Path, orientation: int = UPRIGHT, size: tuple[int, int] = (60, 40)) -> None:
    """A picture of 60 x 40 stored pixels, width first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = PilImage.Exif()
    exif[0x0112] = orientation
    PilImage.new("RGB", size).save(path, exif=exif)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """The folder of the pictures of `coco`."""
    for name in ("3.jpg", "8.jpg", "9.jpg"):
        save(tmp_path / "photos" / name)
    return tmp_path / "photos"


def sizes(tree: Record) -> list[tuple[int, int]]:
    return [(image["height"], image["width"]) for image in tree["images"]]


def test_size_as_stored_becomes_the_size_as_shown(
    coco: Record, convert: Convert, photos: Path
) -> None:
    save(photos / "9.jpg", QUARTER_TURN)
    assert sizes(convert(coco, "--images", str(photos))) == [(40, 60), (40, 60), (60, 40)]


def test_size_as_shown_stays(coco: Record, convert: Convert, photos: Path) -> None:
    save(photos / "9.jpg", QUARTER_TURN)
    save(photos / "3.jpg", MIRRORED)
    coco["images"][2] |= {"height": 60, "width": 40}
    assert sizes(convert(coco, "--images", str(photos))) == [(40, 60), (40, 60), (60, 40)]


def test_boxes_on_the_stored_pixels_of_a_turned_picture_are_refused(
    coco: Record, refused: Refused, photos: Path
) -> None:
    save(photos / "3.jpg", QUARTER_TURN)
    coco["annotations"][1]["bbox"] = [45, 5, 10, 10]
    error = refused(coco, "--images", str(photos))
    assert "drawn on the stored pixels of a picture that EXIF turns by a quarter" in error
    assert "annotation 6 of image 3 fix: take the orientation off the picture" in error


def test_sizes_that_the_file_lacks_are_read(coco: Record, convert: Convert, photos: Path) -> None:
    save(photos / "9.jpg", QUARTER_TURN)
    for image, (height, width) in zip(
        coco["images"], [(None, None), (0, 0), (None, 60)], strict=True
    ):
        image |= {"height": height, "width": width}
    assert sizes(convert(coco, "--images", str(photos))) == [(40, 60), (40, 60), (60, 40)]


def test_sizes_that_the_file_lacks_need_the_pictures(coco: Record, refused: Refused) -> None:
    coco["images"][1]["height"] = None
    assert "images.height: no height and width at image 8 fix: give --images DIR" in refused(coco)


def test_picture_of_another_size_is_refused(coco: Record, refused: Refused, photos: Path) -> None:
    save(photos / "8.jpg", size=(50, 50))
    error = refused(coco, "--images", str(photos))
    assert "image 8: 40 x 60, the picture 50 x 50" in error


@pytest.mark.parametrize("name", ["8.png", "a/9.jpg"])
def test_missing_and_damaged_pictures_are_named_together(
    name: str, coco: Record, refused: Refused, photos: Path
) -> None:
    (photos / "3.jpg").write_text("<html>")
    coco["images"][1]["file_name"] = "other.jpg"
    error = refused(coco, "--images", str(photos))
    assert "cannot be read as a picture at image 3: 3.jpg" in error
    assert "no such file under --images at image 8: other.jpg" in error


def test_names_are_spelt_as_the_files(coco: Record, convert: Convert, photos: Path) -> None:
    save(photos / "lake east" / "ä.jpg")
    save(photos / "50%25.jpg")
    names = ("lake%20east\\%C3%A4.jpg", "50%25.jpg", "9.jpg")
    for image, name in zip(coco["images"], names, strict=True):
        image["file_name"] = name
    found = convert(coco, "--images", str(photos))["images"]
    assert [image["file_name"] for image in found] == ["lake east/ä.jpg", "50%25.jpg", "9.jpg"]


def test_pictures_of_coco_are_found_by_coco_url(
    coco: Record, convert: Convert, photos: Path
) -> None:
    save(photos / "train2017" / "77.jpg")
    coco["images"][0] |= {"coco_url": "http://images.invalid/train2017/77.jpg"}
    coco["images"][0]["file_name"] = "COCO_train2014_77.jpg"
    del coco["images"][1]["file_name"]
    coco["images"][1]["coco_url"] = "http://images.invalid/val2017/8.jpg"
    first, second, _ = convert(coco, "--images", str(photos))["images"]
    assert first["file_name"] == "COCO_train2014_77.jpg"
    assert "file_name" not in second
