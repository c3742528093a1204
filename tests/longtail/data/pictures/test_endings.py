from pathlib import Path

import pytest
from PIL import Image as PilImage
from support.pictures.files import noise, write_picture

from longtail.data.pictures.endings import jpeg_ends
from longtail.data.pictures.header import read_facts


def is_cut(path: Path, content: bytes) -> bool:
    path.write_bytes(content)
    fault = read_facts(path).fault
    return fault is not None and "cut off" in fault.what


@pytest.mark.parametrize("ending", ["jpg", "png", "gif", "bmp", "tiff"])
def test_files_that_are_cut_off_are_found(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    write_picture(path)
    content = path.read_bytes()
    assert not is_cut(path, content)
    assert is_cut(path, content[: len(content) // 2])
    assert is_cut(path, content[:-100])


@pytest.mark.parametrize("ending", ["jp2", "webp"])
def test_of_other_formats_it_is_said_that_they_cannot_be_decoded(
    tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"a.{ending}"
    write_picture(path)
    assert read_facts(path).fault is None
    path.write_bytes(path.read_bytes()[:-100])
    fault = read_facts(path).fault
    assert fault is not None and fault.what.startswith("cannot be decoded")


def test_a_jpeg_whose_rest_is_zeros_is_cut_off_though_pillow_decodes_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    write_picture(path)
    content = path.read_bytes()
    half = len(content) // 2
    assert is_cut(path, content[:half] + bytes(len(content) - half))
    with PilImage.open(path) as picture:
        picture.load()


@pytest.mark.parametrize("progressive", [False, True])
def test_what_a_camera_appends_to_a_jpeg_does_no_harm(tmp_path: Path, progressive: bool) -> None:
    path = tmp_path / "a.jpg"
    PilImage.fromarray(noise(40, 60)).save(path, progressive=progressive)
    assert not is_cut(path, path.read_bytes() + bytes(1000) + b"\xff\xda appended \xff")


def test_a_thumbnail_in_the_header_does_not_pass_for_the_end(tmp_path: Path) -> None:
    PilImage.fromarray(noise(8, 8)).save(tmp_path / "thumb.jpg")
    thumbnail = (tmp_path / "thumb.jpg").read_bytes()
    path = tmp_path / "a.jpg"
    PilImage.fromarray(noise(40, 60)).save(path, comment=thumbnail)
    content = path.read_bytes()
    assert jpeg_ends(content) and not jpeg_ends(content[:-2])
