from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from support.statistics_of import statistics_of

from longtail.categories import CategoryTable
from longtail.config.classifiers import Calibrated, Classifier, Softmax
from longtail.config.detector import (
    Detector,
    FeaturePyramid,
    Neck,
    RecursiveFeaturePyramid,
)
from longtail.config.roi_stages import Cascade, HybridTaskCascade, RoIStages
from longtail.config.scores import HeadMerge
from longtail.config.variant import Inference
from longtail.data.loading.sample import Sample
from longtail.models.weights.initial_detector import initial_detector

pytest.importorskip("detectron2", reason="detectron2 is not installed")

from detectron2.checkpoint import DetectionCheckpointer
from detectron2.config import get_cfg
from detectron2.modeling import build_model

from longtail.engines.detectron2.config import add_longtail_config
from longtail.engines.detectron2.export import write_export
from longtail.engines.detectron2.keys import inference_of

CATEGORIES = CategoryTable.from_records(
    [{"id": 1, "name": "cup"}, {"id": 2, "name": "axe"}], "ours.json", counts_required=False
)


def _write(folder: Path, detector: Detector, classifier: Classifier, merge: HeadMerge) -> None:
    inference = Inference(head_merge=merge)
    write_export(folder, {}, detector, classifier, inference, statistics_of(2), CATEGORIES)


def test_scores_scaled_by_means_over_a_set_are_not_exported(
    detector: Detector, tmp_path: Path
) -> None:
    merge = HeadMerge(rule="cat_scale", scale_images=50)
    with pytest.raises(ValueError, match=r"scale_images 50: .* set 0"):
        _write(tmp_path / "export", detector, Calibrated(), merge)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("merge", [HeadMerge(rule="cat_scale", scale_images=0), HeadMerge()])
def test_scores_of_an_image_by_itself_are(
    merge: HeadMerge, detector: Detector, tmp_path: Path
) -> None:
    _write(tmp_path / "export", detector, Calibrated(), merge)
    cfg = get_cfg()
    add_longtail_config(cfg)
    cfg.merge_from_file(str(tmp_path / "export" / "config.yaml"))
    assert inference_of(cfg).head_merge == merge


SIX = CategoryTable.from_records(
    [{"id": i + 1, "name": f"of {i}"} for i in range(6)], "ours.json", counts_required=False
)


@pytest.mark.parametrize(
    ("stages", "neck"),
    [
        (Cascade(class_specific_boxes=True), FeaturePyramid()),
        (Cascade(mask_heads="one", averaged="probabilities"), FeaturePyramid()),
        (HybridTaskCascade(), FeaturePyramid()),
        (HybridTaskCascade(), RecursiveFeaturePyramid()),
    ],
    ids=["cascade", "cascade with one mask head", "htc", "htc with a recursive pyramid"],
)
def test_a_cascade_finds_the_same_in_detectron2_and_comes_back_whole(
    stages: RoIStages,
    neck: Neck,
    make_engine: Callable[..., Any],
    make_sample: Callable[..., Sample],
    detector: Detector,
    tmp_path: Path,
) -> None:
    mask_head = detector.mask_head.replace(level="area_and_ratio", boundary=True, scoring=True)
    staged = detector.replace(roi_stages=stages, mask_head=mask_head, neck=neck)
    engine = make_engine(staged, Softmax(), engine="detectron2").eval()
    folder, state = tmp_path / "export", engine.state_dict()
    inference = Inference(score_threshold=0.0, nms_iou=0.2, detections_per_image=20)
    write_export(folder, state, staged, Softmax(), inference, statistics_of(6, 4), SIX)

    cfg = get_cfg()
    add_longtail_config(cfg)
    cfg.merge_from_file(str(folder / "config.yaml"))
    cfg.MODEL.DEVICE = "cpu"
    model = build_model(cfg).eval()
    left = DetectionCheckpointer(model).load(str(folder / cfg.MODEL.WEIGHTS))
    assert not left.get("incompatible")
    image = make_sample(height=64, width=80).image
    (found,) = engine.predict([image])
    with torch.no_grad():
        (expected,) = model.inference([{"image": image.pixels * 255}], do_postprocess=False)
    assert len(found.labels) == len(expected) == 20
    assert torch.equal(found.labels, expected.pred_classes)
    torch.testing.assert_close(found.boxes, expected.pred_boxes.tensor)
    torch.testing.assert_close(found.score_box, expected.scores)
    torch.testing.assert_close(found.mask_probabilities, expected.pred_masks[:, 0])

    again = staged.replace(engine="detectron2", weights=str(folder / "model_final.pth"))
    random = {name: torch.zeros_like(value) for name, value in state.items()}
    back, start = initial_detector(again, random, 6)
    assert start.taken.is_complete and not start.taken.left_out
    torch.testing.assert_close(back, dict(state), rtol=0, atol=0)
