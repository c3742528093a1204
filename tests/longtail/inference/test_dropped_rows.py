"""A detector that gives NaN now and then: nothing of it is detected, and it is told."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor

from longtail.cluster.work.predict import predict_node
from longtail.data.lvis.annotations import open_annotations
from longtail.inference.dropped_rows import DroppedRows, dropped_rows
from longtail.inference.engine import load_engine
from longtail.inference.job import PredictionJob, finish_job, image_set
from longtail.inference.predict import predict_shard
from longtail.inference.shard import ShardImages
from longtail.predictions.store import StoreWriter
from longtail.problems import BadInputError

Trained = Callable[[int], PredictionJob]


def _spoil_first_rows(module: Any, inputs: Any, logits: Tensor) -> Tensor:
    spoilt = logits.clone()
    spoilt[:2, 0] = float("nan")
    return spoilt


@pytest.mark.slow
def test_rows_of_nan_are_dropped_counted_and_told(
    trained: Trained, caplog: pytest.LogCaptureFixture
) -> None:
    job = trained(1)
    annotations = open_annotations(job.annotations)
    categories = annotations.categories
    engine = load_engine(job.checkpoint, job.variant, 0, categories, torch.device("cpu"))
    cast(Any, engine).parts()["classifier"].register_forward_hook(_spoil_first_rows)
    writer = StoreWriter(job.store, image_set(annotations), job.source)
    predict_shard(engine, ShardImages(annotations, job.images, job.variant.inference, writer, 0))

    assert np.isfinite(finish_job(job).read_all().score).all()
    # Two proposals of the first image of each of 12 batches of 3.
    first = int(annotations.image_ids[0])
    assert dropped_rows(job.store) == DroppedRows(24, 12, first)

    def never(task: Any) -> Any:
        raise AssertionError("the store is there")

    with caplog.at_level(logging.WARNING):
        summary = predict_node(job, cast(Any, never))
    assert summary["dropped_rows"] == 24
    (record,) = caplog.records
    assert f"24 proposals of 12 images were dropped, the first in image {first}" in record.message


def test_shards_add_up_and_one_without_has_no_file(tmp_path: Path) -> None:
    assert dropped_rows(tmp_path) == DroppedRows()
    for shard, counts in enumerate([(7, 3), (9, 0), (8, 2)]):
        of_shard = DroppedRows()
        of_shard.add(*counts)
        of_shard.write(tmp_path, shard)
    assert len(list(tmp_path.iterdir())) == 2
    assert dropped_rows(tmp_path) == DroppedRows(5, 2, 7)
    DroppedRows().write(tmp_path, 0)
    assert dropped_rows(tmp_path) == DroppedRows(2, 1, 8)


def test_a_damaged_count_is_named(tmp_path: Path) -> None:
    (tmp_path / "dropped_rows-00000.json").write_text("{}}")
    with pytest.raises(BadInputError, match=r"dropped_rows-00000\.json is damaged"):
        dropped_rows(tmp_path)
