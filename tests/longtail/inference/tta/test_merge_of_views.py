"""The union of views against `ensemble.merge` over the same stores."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.commands.in_process import exit_code

from ensemble.merge import main
from longtail.config.test_time.suppression import HardNMS, NMSThenSoftNMS, SoftNMS
from longtail.config.test_time.tta import TTA
from longtail.config.variant import Inference
from longtail.inference.job import PredictionJob, finish_job, predict_job_shard
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.store import PredictionStore, StoreWriter
from longtail.rle.geometry import have_pixels

JobOf = Callable[[Inference, Path], PredictionJob]


def by_score(columns: DetectionColumns) -> DetectionColumns:
    """By image, then score, category and box: the order says nothing here."""
    keys = (columns.boxes[:, 0], columns.category_id, -columns.score, columns.image_id)
    return columns.take(np.lexsort(keys))


def _with_pixels(store: Path, place: Path) -> Path:
    """A copy without the detections whose masks have no pixel: a merge leaves those out."""
    of = PredictionStore.open(store)
    writer = StoreWriter(place, of.images, of.source)
    kept = [block.take(have_pixels(block.counts, block.counts_offsets)) for block in of.blocks()]
    writer.write_shard(0, kept)
    writer.finish()
    return place


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({"suppression": HardNMS(iou=0.6)}, "--method nms --iou-thr 0.6"),
        ({"suppression": SoftNMS(min_score=2e-4)}, "--method soft-nms --min-score 2e-4"),
        (
            {
                "suppression": NMSThenSoftNMS(
                    decay="linear", iou=0.4, first_iou=0.65, min_score=2e-4
                ),
                "rare_margin": 1e-4,
                "common_margin": 5e-5,
            },
            "--method nms+soft-nms --soft-nms linear --iou-thr 0.4 --first-iou-thr 0.65"
            " --min-score 2e-4",
        ),
    ],
    ids=["nms", "soft", "both with margins"],
)
def test_a_merge_of_the_views_gives_the_same(
    job_of: JobOf,
    plain: Inference,
    four_views: TTA,
    changes: dict[str, Any],
    options: str,
    tmp_path: Path,
) -> None:
    tta = four_views.replace(**changes)
    settings = plain.replace(tta=tta)
    job = job_of(settings, tmp_path / "union")
    solid = [_with_pixels(path, tmp_path / path.name) for path in job.views]
    job = replace(job, views=tuple(solid))
    predict_job_shard(job, 0, device=torch.device("cpu"))
    found = by_score(finish_job(job).read_all())
    words = ["--ann", str(job.annotations), "--out", str(tmp_path / "merge"), *options.split()]
    ranges = [scale for scale in tta.scales for _ in range(2)]
    for number, (store, scale) in enumerate(zip(job.views, ranges, strict=True)):
        high = "" if scale.largest is None else scale.largest
        words += ["--pred", f"v{number}={store},valid_area={scale.smallest}:{high}"]
    margins = ["--rare-margin", str(tta.rare_margin), "--common-margin", str(tta.common_margin)]
    quota = ["--max-dets", str(plain.detections_per_image)]
    rest = ["--mask", "best", "--num-workers", "1", "--no-evaluate"]
    assert exit_code(main, *words, *margins, *quota, *rest) == 0
    expected = by_score(PredictionStore.open(tmp_path / "merge" / "merged").read_all())
    assert len(expected) > 50
    assert found.image_id.tolist() == expected.image_id.tolist()
    assert found.category_id.tolist() == expected.category_id.tolist()
    np.testing.assert_allclose(found.score, expected.score, rtol=1e-9)
    np.testing.assert_allclose(found.score_mask, expected.score_mask, rtol=1e-9)
    np.testing.assert_allclose(found.boxes, expected.boxes, atol=1e-9)
    assert found.rles() == expected.rles()
