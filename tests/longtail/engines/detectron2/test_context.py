"""Branches of context inside of models of detectron2."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from support.statistics_of import statistics_of

from longtail.categories import CategoryTable
from longtail.config.classifiers import Softmax
from longtail.config.detector import Detector
from longtail.config.roi_stages import GlobalContext, HybridTaskCascade, SemanticBranch
from longtail.config.variant import Inference
from longtail.data.loading.sample import Sample
from longtail.engines.base import Engine
from longtail.engines.targets import roi_targets

pytest.importorskip("detectron2", reason="detectron2 is not installed")

from detectron2.config import get_cfg
from detectron2.modeling import build_model
from detectron2.structures import Boxes, Instances
from detectron2.utils.events import EventStorage

from longtail.engines.detectron2.config import add_longtail_config
from longtail.engines.detectron2.export import write_export
from longtail.engines.detectron2.targets import TargetInstances

K, S = 6, 4
STAGES = HybridTaskCascade(
    semantic=SemanticBranch(num_categories=S, convolutions=1),
    global_context=GlobalContext(convolutions=1),
)
CATEGORIES = CategoryTable.from_records(
    [{"id": i, "name": f"thing {i}"} for i in range(K)], "ours.json", counts_required=False
)
EngineMaker = Callable[..., Engine]
SampleMaker = Callable[..., Sample]


def _with_map(make_sample: SampleMaker, seed: int, **size: int) -> Sample:
    sample = make_sample(seed, **size)
    return make_sample(seed, **size, semantic=torch.randint(S, sample.image.size).byte())


def test_both_engines_have_the_same_losses_and_detections(
    make_engine: EngineMaker, make_sample: SampleMaker, detector: Detector
) -> None:
    detector = detector.replace(roi_stages=STAGES)
    embedded = make_engine(detector, Softmax())
    other = make_engine(detector, Softmax(), seed=1, engine="detectron2")
    other.load_state_dict(embedded.state_dict(), strict=True)
    samples = [_with_map(make_sample, 0), _with_map(make_sample, 1, height=48, width=80)]
    losses = []
    for engine in (embedded, other):
        torch.manual_seed(3)
        losses.append(engine.train().losses(samples))  # type: ignore[attr-defined]
    assert {"semantic", "image_labels"} < losses[0].keys() == losses[1].keys()
    torch.testing.assert_close(losses[0], losses[1], rtol=1e-4, atol=1e-5)
    images = [sample.image for sample in samples]
    for ours, theirs in zip(
        *(engine.eval().predict(images) for engine in (embedded, other)),  # type: ignore[attr-defined]
        strict=True,
    ):
        torch.testing.assert_close(ours.score_box, theirs.score_box, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(
            ours.mask_probabilities, theirs.mask_probabilities, rtol=1e-3, atol=1e-4
        )


def test_an_export_predicts_what_was_trained_and_plain_targets_teach_no_class(
    make_engine: EngineMaker, make_sample: SampleMaker, detector: Detector, tmp_path: Path
) -> None:
    detector = detector.replace(roi_stages=STAGES)
    engine = make_engine(detector, Softmax(), engine="detectron2").eval()  # type: ignore[attr-defined]
    folder, inference = tmp_path / "export", Inference(score_threshold=0.0, nms_iou=0.2)
    inference = inference.replace(detections_per_image=20)
    statistics = statistics_of(K, 4)
    write_export(
        folder, engine.state_dict(), detector, Softmax(), inference, statistics, CATEGORIES
    )
    cfg = get_cfg()
    add_longtail_config(cfg)
    cfg.merge_from_file(str(folder / "config.yaml"))
    cfg.MODEL.DEVICE = "cpu"
    model: Any = build_model(cfg)
    weights = torch.load(folder / "model_final.pth", weights_only=True)["model"]
    assert any(name.startswith("roi_heads.heads.context.semantic.") for name in weights)
    model.load_state_dict(weights, strict=True)
    sample = make_sample(0)
    inputs = {"image": sample.image.pixels * 255}
    with torch.no_grad():
        (found,) = model.eval()([inputs])
    (expected,) = engine.predict([sample.image])
    torch.testing.assert_close(found["instances"].scores, expected.score_box)

    instances = Instances(sample.image.size, gt_boxes=Boxes(sample.boxes), gt_classes=sample.labels)
    with EventStorage():
        losses = model.train()([{**inputs, "instances": instances}])
    assert losses["loss_sem_seg"].item() == 0 and losses["loss_sem_seg"].requires_grad
    # Categories that an image shows are verified, so that they are learned.
    assert losses["loss_image_labels"].item() > 0


def test_maps_of_classes_travel_with_the_instances(make_sample: SampleMaker) -> None:
    targets = roi_targets(_with_map(make_sample, 0), K, torch.device("cpu"))
    moved = TargetInstances((64, 64), targets).to(torch.device("meta")).targets
    assert targets.semantic is not None and moved.semantic is not None
    assert moved.semantic.device.type == "meta" and moved.semantic.shape == (64, 64)
