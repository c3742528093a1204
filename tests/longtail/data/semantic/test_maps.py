"""A folder of PNGs of classes: what is refused before anything runs, and what names it."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PilImage
from support.pictures.data_sets import HEIGHT, WIDTH, write_set

from longtail.config.roi_stages import SemanticBranch
from longtail.data.lvis.annotations import Annotations, open_annotations
from longtail.data.semantic.classes import ClassMaps
from longtail.data.semantic.maps import open_maps
from longtail.problems import BadInputError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def annotations(tmp_path: Path) -> Annotations:
    """Two images, one in a folder, with PNGs of the classes 0, 3 and 255."""
    file = write_set(tmp_path, "a.jpg", "of/b.jpg")
    classes = np.zeros((HEIGHT, WIDTH), np.uint8)
    classes[:10], classes[10:20] = 3, 255
    (tmp_path / "maps" / "of").mkdir(parents=True)
    for name in ("a.png", "of/b.png"):
        write(tmp_path / "maps" / name, classes)
    return open_annotations(file)


def write(path: Path, pixels: NDArray[np.generic]) -> None:
    PilImage.fromarray(pixels).save(path)


def test_every_value_is_known_with_an_image_that_has_it(
    annotations: Annotations, tmp_path: Path
) -> None:
    write(tmp_path / "maps" / "of" / "b.png", np.full((HEIGHT, WIDTH), 9, np.uint8))
    maps = open_maps(annotations, tmp_path / "maps")
    first, second = "image 1: a.jpg", "image 2: of/b.jpg"
    assert maps.seen == ((0, first), (3, first), (9, second), (255, first))


def test_the_digest_is_of_contents_and_not_of_places(
    annotations: Annotations, tmp_path: Path
) -> None:
    before = open_maps(annotations, tmp_path / "maps").digest
    (tmp_path / "maps").rename(tmp_path / "elsewhere")
    assert open_maps(annotations, tmp_path / "elsewhere").digest == before
    write(tmp_path / "elsewhere" / "a.png", np.full((HEIGHT, WIDTH), 3, np.uint8))
    assert open_maps(annotations, tmp_path / "elsewhere").digest != before


def test_pngs_of_two_images_that_change_places_are_another_set(
    annotations: Annotations, tmp_path: Path
) -> None:
    one, other = tmp_path / "maps" / "a.png", tmp_path / "maps" / "of" / "b.png"
    write(one, np.ones((HEIGHT, WIDTH), np.uint8))
    before = open_maps(annotations, tmp_path / "maps").digest
    contents = one.read_bytes(), other.read_bytes()
    one.write_bytes(contents[1])
    other.write_bytes(contents[0])
    assert open_maps(annotations, tmp_path / "maps").digest != before


def test_a_missing_folder_is_refused(annotations: Annotations, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"--semantic .*nope: no such folder; give that of"):
        open_maps(annotations, tmp_path / "nope")


def test_faults_of_all_pngs_are_told_at_once(annotations: Annotations, tmp_path: Path) -> None:
    (tmp_path / "maps" / "a.png").unlink()
    write(tmp_path / "maps" / "of" / "b.png", np.zeros((WIDTH, HEIGHT), np.uint8))
    with pytest.raises(BadInputError) as refused:
        open_maps(annotations, tmp_path / "maps")
    message = str(refused.value)
    assert "--semantic: no PNG of classes under" in message and "at image 1: a.jpg" in message
    assert "complete the folder: one PNG for each image" in message
    assert "of another size than its image" in message
    assert "at image 2: of/b.jpg (60 x 40 in the picture, 40 x 60 in the annotations)" in message


def test_two_images_with_one_png_are_refused(annotations: Annotations, tmp_path: Path) -> None:
    file = write_set(tmp_path / "twice", "one/a.jpg", "two/a.jpg")
    with pytest.raises(BadInputError, match=r"several images with one PNG\n.*a\.png for image 1"):
        open_maps(open_annotations(file), tmp_path / "maps")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (np.zeros((HEIGHT, WIDTH, 3), np.uint8), r"no.*one class each\n.*\(mode RGB\)"),
        (np.zeros((HEIGHT, WIDTH), np.uint16), r"one class each\n.*\(mode I;16\)"),
        (None, "no picture, but text"),
    ],
)
def test_what_holds_no_classes_is_refused(
    annotations: Annotations, tmp_path: Path, content: NDArray[np.generic] | None, words: str
) -> None:
    path = tmp_path / "maps" / "a.png"
    if content is None:
        path.write_text("classes")
    else:
        write(path, content)
    with pytest.raises(BadInputError, match=rf"(?s)--semantic: a PNG of classes: .*{words}"):
        open_maps(annotations, tmp_path / "maps")


def test_colours_of_a_palette_are_read_as_their_numbers(
    annotations: Annotations, tmp_path: Path
) -> None:
    picture = PilImage.fromarray(np.full((HEIGHT, WIDTH), 7, np.uint8), mode="P")
    picture.putpalette(list(range(0, 256)) * 3)
    picture.save(tmp_path / "maps" / "a.png")
    classes = ClassMaps(tmp_path / "maps", 8, 255).of_image(annotations, 0)
    assert classes.tolist() == np.full((HEIGHT, WIDTH), 7).tolist()


def test_classes_of_a_branch_are_held_against_those_there_are(
    annotations: Annotations, tmp_path: Path
) -> None:
    maps = open_maps(annotations, tmp_path / "maps")
    maps.check(SemanticBranch(num_categories=4))
    maps.check(SemanticBranch(num_categories=3, unlabelled=3))
    with pytest.raises(
        ValueError,
        match=r"num_categories 3: the PNG of image 1: a\.jpg .*class 3; set .* to 4 or more",
    ):
        maps.check(SemanticBranch(num_categories=3))


def test_a_loader_that_meets_them_later_refuses_the_same(
    annotations: Annotations, tmp_path: Path
) -> None:
    folder = tmp_path / "maps"
    with pytest.raises(BadInputError, match=r"a\.png: class 3; set .*num_categories to 4 or more"):
        ClassMaps(folder, 3, 255).of_image(annotations, 0)
    write(folder / "a.png", np.zeros((8, 8), np.uint8))
    with pytest.raises(BadInputError, match=r"a\.png: of another size than its image \(8 x 8"):
        ClassMaps(folder, 4, 255).of_image(annotations, 0)
    (folder / "a.png").unlink()
    with pytest.raises(BadInputError, match=r"--semantic .*no PNG of classes for image 1: a\.jpg"):
        ClassMaps(folder, 4, 255).of_image(annotations, 0)


def test_unlabelled_pixels_become_255(annotations: Annotations, tmp_path: Path) -> None:
    classes = ClassMaps(tmp_path / "maps", 4, 0).of_image(annotations, 1)
    assert classes.dtype == np.uint8
    assert [row[0] for row in classes[::10].tolist()] == [3, 255, 255, 255]
