import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.places import SHARED

from longtail.predictions.image_set import ImageSet
from longtail.problems import BadInputError


def images_of(*ids: int) -> ImageSet:
    return ImageSet(np.array(ids), np.full(len(ids), 4), np.full(len(ids), 6))


def sized(identifier: int | str, height: int) -> dict[str, int | str]:
    return {"id": identifier, "height": height, "width": 2}


def test_images_are_read_by_ascending_id(write: Callable[[Any], Path]) -> None:
    records = [{"id": 9, "height": 3, "width": 4}, {"id": 2, "height": 5, "width": 6, "x": [1]}]
    images = ImageSet.from_json(write({"annotations": [{"id": 1}], "images": records}))
    assert images.ids.tolist() == [2, 9]
    assert (images.heights.tolist(), images.widths.tolist()) == ([5, 3], [6, 4])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param({"info": 1}, "missing required field `images`", id="no images"),
        pytest.param({"images": []}, "no image", id="empty list"),
        pytest.param([1], "Expected `object`, got `array`", id="a list"),
        pytest.param(b"", "the file is empty", id="empty file"),
        pytest.param(b'{"images": [', "the file is cut off", id="truncated"),
        pytest.param({"images": [{"id": 1, "height": 2}]}, "images.width: missing", id="no width"),
        pytest.param({"images": [sized("1", 2)]}, "images.id: a text in place", id="id a string"),
        pytest.param({"images": [sized(1, 0)]}, "height: Expected `int` >= 1", id="no rows"),
        pytest.param({"images": [sized(1, 9**9)]}, "height: Expected `int` <= 65535", id="huge"),
        pytest.param({"images": [sized(1, 1)] * 2}, "images.id: ids that occur twice", id="twice"),
    ],
)
def test_unusable_files_are_named(write: Callable[[Any], Path], content: Any, text: str) -> None:
    with pytest.raises(BadInputError, match=text) as error:
        ImageSet.from_json(write(content))
    assert "result.json" in str(error.value)


def test_blocks_hold_32_images_and_shards_32_blocks() -> None:
    images = images_of(*range(0, 2 * 1057, 2))
    blocks = images.blocks()
    assert [len(block) for block in blocks] == [32] * 33 + [1]
    assert (images.num_blocks, images.num_shards) == (34, 2)
    assert list(images.blocks_of_shard(0)) == list(range(32))
    assert list(images.blocks_of_shard(1)) == [32, 33]
    assert np.concatenate(blocks).tolist() == images.ids.tolist()


def test_ids_outside_the_set_are_not_found() -> None:
    assert images_of(2, 5, 9).find(np.array([9, 1, 5, 10])).tolist() == [2, -1, 1, -1]


def test_the_digest_tells_image_sets_apart() -> None:
    assert images_of(1, 2).digest() == images_of(1, 2).digest()
    assert images_of(1, 2).digest() != images_of(1, 3).digest()


@pytest.mark.skipif(
    not (SHARED / "lvis_val_100.json").exists(),
    reason="../shared/data is absent",
)
def test_the_images_of_a_real_file_are_all_there() -> None:
    path = SHARED / "lvis_val_100.json"
    images = ImageSet.from_json(path)
    assert images.ids.tolist() == sorted(i["id"] for i in json.loads(path.read_text())["images"])
