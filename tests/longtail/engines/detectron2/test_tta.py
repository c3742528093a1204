"""Our union of views and voted masks against detectron2's `GeneralizedRCNNWithTTA`.

Ours unites what is kept of each view after its own suppression and cut, and so does detectron2's.
Both suppress by hard NMS at one threshold. What is left, to the order of float32 sums: detectron2
suppresses float32 boxes, and its masks are at boxes of float64 turned into float32.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as PilImage
from support.statistics_of import statistics_of

from longtail.categories import CategoryTable
from longtail.config.classifiers import Softmax
from longtail.config.detector import Detector
from longtail.config.test_time.scales import ViewScale
from longtail.config.test_time.suppression import HardNMS
from longtail.config.test_time.tta import TTA
from longtail.config.variant import Inference
from longtail.data.loading.images import load_at_scales
from longtail.data.loading.sample import Sample
from longtail.inference.columns import to_columns
from longtail.inference.flip import flipped_back
from longtail.inference.tta.grids import GivenBoxes, averaged_masks
from longtail.inference.tta.union import UnionOfViews
from longtail.inference.tta.views import sizes_of, views_of
from longtail.models.detections.paste import paste_masks

pytest.importorskip("detectron2", reason="detectron2 is not installed: nothing to compare with")

from detectron2.checkpoint import DetectionCheckpointer
from detectron2.config import get_cfg
from detectron2.modeling import GeneralizedRCNNWithTTA, build_model

from longtail.engines.detectron2.config import add_longtail_config
from longtail.engines.detectron2.export import write_export

SIX = CategoryTable.from_records(
    [{"id": i + 1, "name": f"of {i}"} for i in range(6)], "ours.json", counts_required=False
)
SIDES, CAP = (64, 96), 160
SETTINGS = {"score_threshold": 0.0, "nms_iou": 0.4, "detections_per_image": 20}


def picture(make_sample: Callable[..., Sample], folder: Path) -> Path:
    pixels = make_sample(height=72, width=90).image.pixels
    path = folder / "picture.png"
    PilImage.fromarray((pixels * 255).byte().permute(1, 2, 0).numpy()).save(path)
    return path


def theirs(folder: Path, path: Path) -> Any:
    """The instances that detectron2 finds in a picture with the exported detector."""
    cfg = get_cfg()
    add_longtail_config(cfg)
    cfg.merge_from_file(str(folder / "config.yaml"))
    cfg.MODEL.DEVICE = "cpu"
    cfg.TEST.AUG.MIN_SIZES, cfg.TEST.AUG.MAX_SIZE, cfg.TEST.AUG.FLIP = SIDES, CAP, True
    model = build_model(cfg).eval()
    DetectionCheckpointer(model).load(str(folder / cfg.MODEL.WEIGHTS))
    rgb = np.asarray(PilImage.open(path))
    image = torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1)))
    height, width = rgb.shape[:2]
    with torch.no_grad():
        tta = GeneralizedRCNNWithTTA(cfg, model, batch_size=1)
        (found,) = tta([{"image": image, "height": height, "width": width}])
    return found["instances"]


@pytest.mark.slow
def test_detectron2_finds_the_same_in_four_views(
    make_engine: Callable[..., Any],
    make_sample: Callable[..., Sample],
    detector: Detector,
    tmp_path: Path,
) -> None:
    engine = make_engine(detector, Softmax(), engine="detectron2", **SETTINGS).eval()
    inference, path = Inference.model_validate(SETTINGS), picture(make_sample, tmp_path)
    folder = tmp_path / "export"
    of_six = statistics_of(6, 4), SIX
    write_export(folder, engine.state_dict(), detector, Softmax(), inference, *of_six)
    expected = theirs(folder, path)

    scales = tuple(ViewScale(short_side=side, long_side_cap=CAP) for side in SIDES)
    tta = TTA(scales=scales, suppression=HardNMS(iou=0.4), masks="vote")
    at_scales = [[image] for image in load_at_scales(path, 5, sizes_of(tta))]
    seen = [(view, view.images(at_scales)) for view in views_of(tta)]
    views = []
    for view, images in seen:
        (found,) = engine.predict(images)
        straight = flipped_back(found) if view.flip else found
        views.append(to_columns(straight, SIX.ids, 0.5))
    union = UnionOfViews(tta, 1e-8, 20, SIX.ids, None).of_image(views)
    corners = np.concatenate([union.boxes[:, :2], union.boxes[:, :2] + union.boxes[:, 2:]], axis=1)
    boxes, labels = torch.from_numpy(corners).float(), torch.from_numpy(union.category_id - 1)
    given = GivenBoxes(boxes, labels, (72, 90))
    see = ((view, engine.see(images)) for view, images in seen)
    (masks,) = averaged_masks(engine, see, [given])

    assert len(union) == len(expected) == 20
    assert labels.tolist() == expected.pred_classes.tolist()
    torch.testing.assert_close(boxes, expected.pred_boxes.tensor.float(), rtol=1e-5, atol=1e-3)
    scores = torch.from_numpy(union.score).float()
    torch.testing.assert_close(scores, expected.scores, rtol=1e-5, atol=1e-6)
    pixels = np.zeros((20, 72, 90), np.bool_)
    for mask, crop in zip(
        pixels, paste_masks(masks.probabilities, boxes, (72, 90), 0.5), strict=True
    ):
        height, width = crop.pixels.shape
        mask[crop.y0 : crop.y0 + height, crop.x0 : crop.x0 + width] = crop.pixels
    differing = int((pixels != expected.pred_masks.numpy()).sum())
    assert differing <= 1e-3 * pixels.sum()
