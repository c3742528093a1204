import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from PIL import Image as PilImage
from pycocotools import mask as coco_mask

from longtail.data.lvis.annotations import open_annotations
from longtail.data.synthetic.__main__ import main
from longtail.data.synthetic.categories import frequency_group, image_shares, looks
from longtail.data.synthetic.contours import outlines
from longtail.data.synthetic.dataset import Parameters, write_dataset
from longtail.data.synthetic.others import _all_boxes, write_others
from longtail.data.synthetic.plan import plan_images, room_for_all, verified_absent
from longtail.data.synthetic.scenes import paint
from longtail.problems import BadInputError

DEFAULTS = Parameters(96, 48, 24, 30, 128, 0)
SMALL = Parameters(6, 3, 2, 5, 64, 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("synthetic")
    assert write_dataset(out, DEFAULTS)
    return out


def tree_of(folder: Path, split: str) -> Any:
    return json.loads((folder / f"{split}.json").read_text())


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def rasterised(rings: list[NDArray[np.int64]], height: int, width: int) -> NDArray[np.bool_]:
    flat = [ring.ravel().tolist() for ring in rings]
    rle = coco_mask.merge(coco_mask.frPyObjects(flat, height, width))
    return np.asarray(coco_mask.decode(rle), bool)


def test_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for name, parameters in (
        ("first", SMALL),
        ("second", SMALL),
        ("other", Parameters(6, 3, 2, 5, 64, 2)),
    ):
        write_dataset(tmp_path / name, parameters)
    assert digests(tmp_path / "first") == digests(tmp_path / "second")
    assert len(digests(tmp_path / "first")) == 6 + 3 + 2 + 4
    assert digests(tmp_path / "first") != digests(tmp_path / "other")


def test_defaults_give_rare_common_and_frequent_categories_that_val_shows(folder: Path) -> None:
    train, val = tree_of(folder, "train"), tree_of(folder, "val")
    letter = {c["id"]: c["frequency"] for c in train["categories"]}
    groups = Counter(letter.values())
    assert min(groups["r"], groups["c"], groups["f"]) >= 4
    assert all(c["image_count"] > 0 for c in train["categories"])
    in_val = Counter(letter[i] for i in {a["category_id"] for a in val["annotations"]})
    assert all(in_val[group] >= 0.9 * groups[group] for group in "rcf")


def test_counts_of_the_category_table_are_those_of_train(folder: Path) -> None:
    train = tree_of(folder, "train")
    pairs = {(a["image_id"], a["category_id"]) for a in train["annotations"]}
    images = Counter(category for _, category in pairs)
    instances = Counter(a["category_id"] for a in train["annotations"])
    for category in train["categories"]:
        i = category["id"]
        assert (category["image_count"], category["instance_count"]) == (images[i], instances[i])
        assert category["frequency"] == frequency_group(images[i], DEFAULTS.images)
    assert tree_of(folder, "val")["categories"] == train["categories"]
    assert tree_of(folder, "unlabelled")["categories"] == train["categories"]


@pytest.mark.parametrize("split", ["train", "val", "unlabelled"])
def test_files_pass_the_checks_of_the_annotation_reader(folder: Path, split: str) -> None:
    annotations = open_annotations(folder / f"{split}.json", cache_dir=folder / "cache")
    assert annotations.warnings == ()
    assert annotations.num_images == len(tree_of(folder, split)["images"])
    for i in range(annotations.num_images):
        with PilImage.open(annotations.image_path(i, folder / "images")) as picture:
            assert picture.size == (annotations.widths[i], annotations.heights[i])
        assert not set(annotations.absent(i)) & set(annotations.present(i))


def test_image_ids_are_unique_over_the_splits(folder: Path) -> None:
    splits = ("train", "val", "unlabelled")
    ids = [image["id"] for split in splits for image in tree_of(folder, split)["images"]]
    assert sorted(ids) == list(range(1, 96 + 48 + 24 + 1))


def test_boxes_and_areas_are_those_of_the_masks(folder: Path) -> None:
    train = tree_of(folder, "train")
    sizes = {image["id"]: (image["height"], image["width"]) for image in train["images"]}
    for annotation in train["annotations"]:
        rings = [np.array(ring).reshape(-1, 2) for ring in annotation["segmentation"]]
        pixels = rasterised(rings, *sizes[annotation["image_id"]])
        rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
        x, y, w, h = annotation["bbox"]
        assert (x, y, x + w, y + h) == (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
        assert annotation["area"] == pixels.sum() >= 12


def test_some_images_are_not_exhaustive_and_some_are_empty(folder: Path) -> None:
    train = tree_of(folder, "train")
    annotated: dict[int, set[int]] = {image["id"]: set() for image in train["images"]}
    for annotation in train["annotations"]:
        annotated[annotation["image_id"]].add(annotation["category_id"])
    unfinished = [image for image in train["images"] if image["not_exhaustive_category_ids"]]
    assert unfinished
    for image in unfinished:
        assert set(image["not_exhaustive_category_ids"]) <= annotated[image["id"]]
    assert sum(not labels for labels in annotated.values()) == 96 // 48
    assert all(len(image["neg_category_ids"]) == 8 for image in train["images"])


def test_outlines_enclose_exactly_the_visible_pixels() -> None:
    rng = np.random.default_rng(0)
    kinds = looks(12)
    for _ in range(12):
        scene = paint((96, 110), kinds[:6] + kinds[6:], rng)
        for i in range(len(scene.drawn)):
            visible = scene.owner == i
            assert np.array_equal(rasterised(outlines(visible), 96, 110), visible)


def test_a_hole_is_kept_by_cutting_the_ring() -> None:
    ring = np.ones((5, 5), bool)
    ring[2, 2] = False
    rings = outlines(ring)
    assert len(rings) == 2
    assert np.array_equal(rasterised(rings, 5, 5), ring)


def test_outlines_of_any_bitmap_give_it_back() -> None:
    rng = np.random.default_rng(0)
    for density in (0.2, 0.5, 0.8):
        bitmap = rng.random((19, 23)) < density
        assert np.array_equal(rasterised(outlines(bitmap), 19, 23), bitmap)


def test_outline_of_a_square_has_four_corners_and_small_parts_are_left_out() -> None:
    bitmap = np.zeros((6, 9), bool)
    bitmap[1:4, 2:6] = True
    bitmap[5, 8] = True
    (ring,) = outlines(bitmap, smallest_part=2)
    assert sorted(map(tuple, ring.tolist())) == [(2, 1), (2, 4), (6, 1), (6, 4)]
    assert outlines(np.zeros((3, 3), bool)) == []


def test_later_objects_hide_earlier_ones_by_half_at_most() -> None:
    hidden = 0
    for seed in range(20):
        # The same numbers put the first object in the same place, with and without the others.
        alone = paint((80, 80), looks(1), np.random.default_rng(seed))
        crowd = paint((80, 80), looks(5), np.random.default_rng(seed))
        whole, visible = int((alone.owner == 0).sum()), int((crowd.owner == 0).sum())
        assert whole / 2 <= visible <= whole
        hidden += visible < whole
    assert hidden


def test_looks_are_all_different() -> None:
    every = looks(1320)
    assert len({look.name for look in every}) == 1320
    assert len({look.shape for look in every[:12]}) == 12
    with pytest.raises(ValueError, match="there are looks for 1 to 1320"):
        looks(1321)


@pytest.mark.parametrize("num_categories", [3, 10, 30, 300])
def test_shares_fall_from_frequent_to_rare(num_categories: int) -> None:
    shares = image_shares(num_categories)
    assert shares[0] == 0.6 and (np.diff(shares) < 0).all()
    groups = [frequency_group(round(share * 1000), 1000) for share in shares]
    assert set(groups) == {"r", "c", "f"}


def test_frequency_groups_scale_with_the_number_of_images() -> None:
    assert [frequency_group(n, 96) for n in (1, 3, 4, 9, 10)] == ["r", "r", "c", "c", "f"]
    assert [frequency_group(n, 4) for n in (1, 2, 3)] == ["r", "c", "f"]


def test_plan_shows_every_category_while_there_is_room() -> None:
    plans = plan_images(40, image_shares(20), np.random.default_rng(0))
    assert len(plans) == 40
    assert {item.label for plan in plans for item in plan} == set(range(20))


def test_crowded_plan_leaves_rare_categories_out() -> None:
    shares = image_shares(40)
    assert not room_for_all(4, shares) and room_for_all(40, shares)
    plans = plan_images(4, shares, np.random.default_rng(0))
    shown = {item.label for plan in plans for item in plan}
    # At most five planned categories an image and one that nobody looks for.
    assert max(len({item.label for item in plan}) for plan in plans) <= 6
    assert {0, 1} <= shown and len(shown) < 40


def test_verified_absent_categories_are_not_shown() -> None:
    rng = np.random.default_rng(0)
    assert verified_absent([0, 2], 4, rng) == [1, 3]
    assert verified_absent([0], 1, rng) == []
    assert len(verified_absent([5], 30, rng)) == 8


def test_command_writes_once_and_then_says_so(tmp_path: Path) -> None:
    arguments = [str(tmp_path / "out"), "--images", "4", "--categories", "4", "--size", "64"]
    first = CliRunner().invoke(main, arguments)
    assert first.exit_code == 0 and "val" in first.output
    before = digests(tmp_path / "out")
    second = CliRunner().invoke(main, arguments)
    assert "already there" in second.output
    assert digests(tmp_path / "out") == before


def test_folder_with_other_content_is_refused_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "val.json").write_text("mine")
    with pytest.raises(ValueError, match=r"holds val\.json of another data set"):
        write_dataset(tmp_path, SMALL, force=True)
    assert (tmp_path / "val.json").read_text() == "mine"
    (tmp_path / "val.json").unlink()
    with pytest.raises(ValueError, match="holds something else; give an empty folder, or --force"):
        write_dataset(tmp_path, SMALL)
    assert write_dataset(tmp_path, SMALL, force=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    with pytest.raises(ValueError, match="holds something else"):
        write_dataset(tmp_path, DEFAULTS)


def test_too_many_categories_for_the_images_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="40 categories: too many for 4 training images"):
        write_dataset(tmp_path, Parameters(4, 2, 0, 40, 64, 0))
    assert not list(tmp_path.iterdir())


def test_interrupted_run_is_done_again(tmp_path: Path) -> None:
    class Interrupted(Exception):
        pass

    def interrupt() -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        write_dataset(tmp_path / "out", SMALL, painted=interrupt)
    assert write_dataset(tmp_path / "out", SMALL)
    write_dataset(tmp_path / "whole", SMALL)
    assert digests(tmp_path / "out") == digests(tmp_path / "whole")


@pytest.mark.parametrize("field", ["images", "val_images", "size"])
def test_impossible_parameters_are_refused(field: str) -> None:
    parameters: dict[str, int] = {
        "images": 4,
        "val_images": 2,
        "unlabelled": 0,
        "categories": 3,
        "size": 64,
        "seed": 0,
    }
    with pytest.raises(ValueError, match=f"{field} 0: must be at least"):
        Parameters(**parameters | {field: 0})


@pytest.mark.parametrize("name", ["val.json", "images/train/000000000001.png"])
def test_a_flipped_bit_is_told_and_the_data_set_made_again(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_dataset(tmp_path, SMALL)
    assert not write_dataset(tmp_path, SMALL)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[:50] + bytes([whole[50] ^ 1]) + whole[51:])
    assert write_dataset(tmp_path, SMALL)
    assert (tmp_path / name).read_bytes() == whole
    assert f"{tmp_path / name}: missing, or damaged" in caplog.text


def test_a_damaged_marker_is_named(tmp_path: Path) -> None:
    write_dataset(tmp_path, SMALL)
    marker = tmp_path / "synthetic.json"
    marker.write_text(marker.read_text().replace('"seed": 1', '"seed": 2'))
    with pytest.raises(BadInputError, match=r"synthetic\.json: damaged.*--force"):
        write_dataset(tmp_path, SMALL)
    assert write_dataset(tmp_path, SMALL, force=True)


def test_others_stand_beside_the_set_and_change_none_of_its_bytes(tmp_path: Path) -> None:
    write_dataset(tmp_path, SMALL)
    before = digests(tmp_path)
    write_others(tmp_path, SMALL)
    after = digests(tmp_path)
    assert after.items() > before.items()
    write_others(tmp_path, SMALL)
    assert digests(tmp_path) == after
    train, boxes = tree_of(tmp_path, "train"), tree_of(tmp_path, "boxes_only")
    known = {category["synset"]: category["id"] for category in train["categories"]}
    other = {category["synset"]: category["id"] for category in boxes["categories"]}
    common = known.keys() & other.keys()
    assert len(common) == 2 and len(other) == 4
    assert all(known[synset] != other[synset] for synset in common)
    assert not any("segmentation" in record for record in boxes["annotations"])
    opened = open_annotations(tmp_path / "boxes_only.json", cache_dir=tmp_path / "cache")
    assert opened.num_instances > 0 and not all(map(opened.has_masks, range(opened.num_images)))


def test_all_boxes_are_those_of_the_training_images_and_of_what_nobody_annotated(
    folder: Path,
) -> None:
    train, every = tree_of(folder, "train"), _all_boxes(DEFAULTS)
    for field in ("id", "file_name", "height", "width"):
        assert [i[field] for i in every["images"]] == [i[field] for i in train["images"]]
    boxes = {(a["image_id"], a["category_id"], *a["bbox"]) for a in train["annotations"]}
    found = {(a["image_id"], a["category_id"], *a["bbox"]) for a in every["annotations"]}
    assert boxes < found
