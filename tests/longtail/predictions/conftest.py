import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longtail.categories import CategoryTable
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.store import PredictionStore, Source, StoreWriter


@pytest.fixture
def images() -> ImageSet:
    """Four images of 20 rows and 30 columns."""
    return ImageSet(np.array([1, 2, 5, 9]), np.full(4, 20), np.full(4, 30))


@pytest.fixture
def categories() -> CategoryTable:
    """A rare, a common and a frequent category with ids that leave gaps."""
    counts = {1: ("r", 3), 3: ("c", 40), 7: ("f", 500)}
    records = [
        {"id": i, "name": f"c{i}", "frequency": f, "image_count": n, "instance_count": n}
        for i, (f, n) in counts.items()
    ]
    return CategoryTable.from_records(records, "test")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Any], Path]:
    """Write bytes as they are, anything else as JSON, to result.json."""

    def write_content(content: Any) -> Path:
        path = tmp_path / "result.json"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    return write_content


@pytest.fixture
def random_columns() -> Callable[..., DetectionColumns]:
    """Make rows with arbitrary bytes for masks; every third one has none."""

    def make(image_ids: list[int], seed: int = 0) -> DetectionColumns:
        rng = np.random.default_rng(seed)
        num = len(image_ids)
        lengths = np.where(np.arange(num) % 3 == 2, 0, rng.integers(1, 9, num))
        return DetectionColumns(
            image_id=np.array(image_ids, dtype=np.int64),
            category_id=rng.integers(1, 1204, num),
            score=rng.random(num),
            score_mask=rng.random(num),
            boxes=rng.random((num, 4)),
            heights=np.full(num, 20),
            widths=np.full(num, 30),
            counts=rng.integers(48, 112, lengths.sum()).astype(np.uint8),
            counts_offsets=np.concatenate([[0], np.cumsum(lengths)]),
        )

    return make


@pytest.fixture
def write_store(
    tmp_path: Path, random_columns: Callable[..., DetectionColumns]
) -> Callable[..., PredictionStore]:
    """Write a store of images with even ids, five detections in each."""

    def make(images: ImageSet, name: str = "store") -> PredictionStore:
        writer = StoreWriter(tmp_path / name, images, Source("test"))
        for shard in range(images.num_shards):
            blocks = [images.blocks()[number] for number in images.blocks_of_shard(shard)]
            rows = [np.repeat(ids[ids % 2 == 0], 5).tolist() for ids in blocks]
            writer.write_shard(shard, [random_columns(ids, seed=len(ids)) for ids in rows])
        return writer.finish()

    return make
