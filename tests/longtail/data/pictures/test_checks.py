from pathlib import Path

import pytest
from PIL import Image as PilImage
from support.pictures.data_sets import HEIGHT, WIDTH, write_set
from support.pictures.files import noise, write_picture

from longtail.data.lvis.annotations import open_annotations
from longtail.data.pictures.checks import check_pictures
from longtail.problems import ProblemReport


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_CACHE", str(tmp_path / "cache"))


def check(file: Path, images: Path | None = None) -> ProblemReport:
    report = ProblemReport(str(file))
    check_pictures(open_annotations(file), images or file.parent / "images", report)
    return report


def test_sound_pictures_have_no_faults_and_are_counted_by_mode(tmp_path: Path) -> None:
    file = write_set(tmp_path, "a.jpg", "b.png", "c.jpg")
    PilImage.new("L", (WIDTH, HEIGHT)).save(tmp_path / "images" / "c.jpg")
    report = ProblemReport(str(file))
    modes = check_pictures(open_annotations(file), tmp_path / "images", report)
    assert modes == {"RGB": 2, "L": 1}
    assert not report.errors and not report.warnings


def test_two_images_with_one_file_are_an_error_that_names_both(tmp_path: Path) -> None:
    file = write_set(tmp_path, "scene1/frame.png", "scene2/frame.png")
    assert not check(file).errors
    write_picture(tmp_path / "flat" / "frame.png", (HEIGHT, WIDTH))
    [error] = check(file, tmp_path / "flat").errors
    assert error.what == "several images with one file, so that all but one get a wrong picture"
    assert error.offenders == (
        "frame.png for image 1: scene1/frame.png, image 2: scene2/frame.png",
    )
    assert "keep the folders of file_name" in error.remedy


def test_missing_pictures_are_listed_together(tmp_path: Path) -> None:
    file = write_set(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    for name in ("a.jpg", "c.jpg"):
        (tmp_path / "images" / name).unlink()
    [error] = check(file).errors
    assert error.offenders == ("image 1: a.jpg", "image 3: c.jpg")


def test_every_kind_of_fault_is_found_in_one_run(tmp_path: Path) -> None:
    names = ["cut.jpg", "other.png", "swapped.png", "turned.jpg", "html.jpg", "float.tiff"]
    file = write_set(tmp_path, *names, "sound.jpg")
    images = tmp_path / "images"
    (images / "cut.jpg").write_bytes((images / "cut.jpg").read_bytes()[:-200])
    write_picture(images / "other.png", (HEIGHT, WIDTH + 1))
    write_picture(images / "swapped.png", (WIDTH, HEIGHT))
    write_picture(images / "turned.jpg", (HEIGHT, WIDTH), orientation=8)
    (images / "html.jpg").write_text("<html>")
    PilImage.new("F", (WIDTH, HEIGHT)).save(images / "float.tiff")
    told = {error.what: error.offenders for error in check(file).errors}
    numbers = "40 x 61 in the picture, 40 x 60 in the annotations"
    assert told == {
        "cannot be decoded: the file is cut off": ("image 1: cut.jpg",),
        "of another size than its annotations say": (f"image 2: other.png ({numbers})",),
        "height and width are swapped": (
            "image 3: swapped.png (60 x 40 in the picture, 40 x 60 in the annotations)",
        ),
        "turned by its EXIF orientation, and height and width are those before turning": (
            "image 4: turned.jpg (60 x 40 in the picture, 40 x 60 in the annotations,"
            " orientation 8)",
        ),
        "cannot be decoded: no picture, but HTML, an error page perhaps": ("image 5: html.jpg",),
        "floating-point pixels: it is not known which is white": ("image 6: float.tiff",),
    }


def test_a_picture_that_is_turned_as_its_annotations_say_is_a_warning(tmp_path: Path) -> None:
    file = write_set(tmp_path, "a.jpg", "b.jpg")
    write_picture(tmp_path / "images" / "a.jpg", (WIDTH, HEIGHT), orientation=6)
    write_picture(tmp_path / "images" / "b.jpg", (HEIGHT, WIDTH), orientation=3)
    report = check(file)
    [warning] = report.warnings
    assert not report.errors and warning.what.startswith("turned by an EXIF orientation")
    assert warning.offenders == ("image 1: a.jpg (6)", "image 2: b.jpg (3)")


def test_what_is_converted_with_a_loss_is_named(tmp_path: Path) -> None:
    file = write_set(tmp_path, "alpha.png", "print.jpg", "deep.png", "palette.png")
    images = tmp_path / "images"
    PilImage.new("RGBA", (WIDTH, HEIGHT)).save(images / "alpha.png")
    PilImage.new("CMYK", (WIDTH, HEIGHT)).save(images / "print.jpg")
    PilImage.new("I;16", (WIDTH, HEIGHT), 50_000).save(images / "deep.png")
    PilImage.fromarray(noise(HEIGHT, WIDTH)).quantize(8).save(images / "palette.png")
    report = check(file)
    assert not report.errors
    assert {warning.what.split(":")[0]: warning.offenders for warning in report.warnings} == {
        "an alpha channel": ("image 1: alpha.png",),
        "CMYK": ("image 2: print.jpg",),
        "16 bits a channel": ("image 3: deep.png",),
    }
