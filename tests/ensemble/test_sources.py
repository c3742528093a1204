from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ensemble.sources import SourceSpec, digest_of, open_source, parse_sources, read_block
from longtail.categories import CategoryTable
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.store import PredictionStore, Source, StoreWriter
from longtail.problems import BadInputError
from longtail.rle.codec import encode, pack

SIDE = 10
MASK = encode(np.array([0, 50, 50]))


def image_set(num_images: int) -> ImageSet:
    sides = np.full(num_images, SIDE)
    return ImageSet(np.arange(1, num_images + 1), sides, sides)


def category_table(ids: list[int]) -> CategoryTable:
    counts = {"frequency": "r", "image_count": 1, "instance_count": 1}
    return CategoryTable.from_records([{"id": i, "name": str(i), **counts} for i in ids], "test")


def detections(image_ids: list[int], category_id: int = 7) -> DetectionColumns:
    size = len(image_ids)
    counts, offsets = pack([MASK] * size)
    return DetectionColumns(
        image_id=np.array(image_ids, np.int64),
        category_id=np.full(size, category_id),
        score=np.full(size, 0.5),
        score_mask=np.full(size, 0.5),
        boxes=np.tile([0.0, 0.0, 5.0, 10.0], (size, 1)),
        heights=np.full(size, SIDE),
        widths=np.full(size, SIDE),
        counts=counts,
        counts_offsets=offsets,
    )


def store(path: Path, images: ImageSet, columns: DetectionColumns) -> PredictionStore:
    writer = StoreWriter(path, images, Source(path.name))
    writer.write_shard(0, [columns.take(np.isin(columns.image_id, ids)) for ids in images.blocks()])
    return writer.finish()


def test_sources_come_by_name_with_their_weights() -> None:
    assert parse_sources(["b=x/b.json,weight=2", "a=a.json"]) == [
        SourceSpec("a", Path("a.json"), 1.0),
        SourceSpec("b", Path("x/b.json"), 2.0),
    ]


def test_path_may_hold_an_equals_sign() -> None:
    assert parse_sources(["a=runs/lr=0.1/p"]) == [SourceSpec("a", Path("runs/lr=0.1/p"))]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "at least one"),
        (["a.json"], "expected NAME=PATH"),
        (["a="], "expected NAME=PATH"),
        (["=a.json"], "expected NAME=PATH"),
        (["../a=a.json"], "expected NAME=PATH"),
        (["a=a.json,scale=2"], "only weight=W"),
        (["a=a.json,weight=0"], "not a positive number"),
        (["a=a.json,weight=-1"], "not a positive number"),
        (["a=a.json,weight=nan"], "not a positive number"),
        (["a=a.json,weight=inf"], "not a positive number"),
        (["a=a.json,weight=much"], "not a positive number"),
        (["a=a.json", "a=b.json"], "a named twice"),
        (["merged=a.json"], "the name of the result"),
    ],
)
def test_words_that_do_not_fit_are_refused(texts: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_sources(texts)


def test_digest_of_a_store_changes_with_its_detections(tmp_path: Path) -> None:
    images = image_set(2)
    store(tmp_path / "a", images, detections([1, 2]))
    store(tmp_path / "b" / "a", images, detections([1, 2]))
    store(tmp_path / "c" / "a", images, detections([2, 2]))
    digests = [digest_of(tmp_path / path) for path in ("a", "b/a", "c/a")]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("path", "message"), [("none.json", "no such file"), ("empty", "is no prediction store")]
)
def test_input_that_is_not_there_is_bad_input(tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError, match=message):
        digest_of(tmp_path / path)


def test_folder_of_an_evaluator_names_the_file_to_give(tmp_path: Path) -> None:
    (tmp_path / "coco_instances_results.json").write_text("[]")
    with pytest.raises(BadInputError, match=f"give {tmp_path}/coco_instances_results.json"):
        digest_of(tmp_path)


def test_store_of_other_images_is_refused(tmp_path: Path) -> None:
    store(tmp_path / "a", image_set(3), detections([1]))
    with pytest.raises(BadInputError, match="made for 3 images"):
        open_source(
            SourceSpec("a", tmp_path / "a"), image_set(2), category_table([7]), tmp_path, "error"
        )


def test_flipped_bit_in_a_store_is_noticed(tmp_path: Path) -> None:
    images = image_set(2)
    store(tmp_path / "a", images, detections([1, 2]))
    shard = next((tmp_path / "a").glob("*.parquet"))
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    with pytest.raises(BadInputError, match="SHA-256"):
        open_source(SourceSpec("a", tmp_path / "a"), images, category_table([7]), tmp_path, "error")


def test_block_holds_the_same_images_of_every_source(tmp_path: Path) -> None:
    images = image_set(40)
    stores = [
        store(tmp_path / "a", images, detections([1, 33, 33])),
        store(tmp_path / "b", images, detections([34], category_id=9)),
        store(tmp_path / "c", images, detections([])),
    ]
    block = read_block(stores, 1, images.blocks()[1], category_table([7, 9]))
    assert block.columns.image_id.tolist() == [33, 33, 34]
    assert block.sources.tolist() == [0, 0, 1]
    assert block.images.tolist() == [0, 0, 1]
    assert block.categories.tolist() == [0, 0, 1]


def test_unknown_category_names_the_source(tmp_path: Path) -> None:
    images = image_set(1)
    columns = replace(detections([1]), category_id=np.array([8]))
    stores = [store(tmp_path / "a", images, columns)]
    with pytest.raises(BadInputError, match=r"a: 1 unknown category ids: 8"):
        read_block(stores, 0, images.blocks()[0], category_table([7]))
