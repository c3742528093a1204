from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR
from torchvision.ops import box_iou

from longtail.config.classifiers import Sigmoid, Softmax
from longtail.config.detector import Detector, Timm
from longtail.data.loading.sample import Image, Sample
from longtail.engines.base import Detections
from longtail.engines.torchvision import TorchvisionEngine, pad_to_batch
from longtail.models.boxes import rescale_boxes

K = 6
LOSSES = {"rpn_objectness", "rpn_box", "classification", "box", "mask"}
PREFIXES = {
    "backbone.body",
    "neck.pyramid",
    "rpn.head",
    "roi_heads.box_head",
    "roi_heads.classifier",
    "roi_heads.box_regressor",
    "roi_heads.mask_head",
}


EngineMaker = Callable[..., TorchvisionEngine]
SampleMaker = Callable[..., Sample]


def _total(losses: dict[str, Tensor]) -> Tensor:
    return torch.stack(list(losses.values())).sum()


def _masks_for(
    engine: TorchvisionEngine, images: Sequence[Image], found: Sequence[Detections]
) -> list[Tensor]:
    """(D, M, M) mask probabilities of boxes of the original images, per image."""
    device = engine.pixel_mean.device
    boxes = [
        rescale_boxes(given.boxes.to(device), image.original_size, image.size)
        for image, given in zip(images, found, strict=True)
    ]
    with torch.no_grad():
        _, features = engine._features(images)
        masks = engine.roi_heads.masks_for(features, boxes, [f.labels.to(device) for f in found])
    return [of_image.probabilities for of_image in masks]


def test_losses_of_images_of_different_sizes_are_finite_scalars(
    make_engine: EngineMaker, make_sample: SampleMaker
) -> None:
    losses = make_engine()([make_sample(0), make_sample(1, height=50, width=90)])
    assert losses.keys() == LOSSES
    assert all(loss.ndim == 0 and torch.isfinite(loss) and loss > 0 for loss in losses.values())


def test_same_seed_gives_the_same_losses_and_gradients(
    make_engine: EngineMaker, make_sample: SampleMaker
) -> None:
    runs = []
    for _ in range(2):
        engine = make_engine(seed=3)
        losses = engine([make_sample(0), make_sample(1)])
        _total(losses).backward()
        runs.append((losses, [parameter.grad for parameter in engine.parameters()]))
    torch.testing.assert_close(runs[0], runs[1], rtol=0, atol=0)


@pytest.mark.parametrize("classifier", [Softmax(), Sigmoid()])
def test_batch_without_instances_gives_every_parameter_a_gradient(
    make_engine: EngineMaker, make_sample: SampleMaker, classifier: Softmax | Sigmoid
) -> None:
    engine = make_engine(classifier=classifier)
    losses = engine([make_sample(0, instances=0), make_sample(1, instances=0)])
    assert losses.keys() == LOSSES
    _total(losses).backward()
    missing = [name for name, p in engine.named_parameters() if p.grad is None]
    assert missing == []
    assert losses["mask"].item() == losses["box"].item() == losses["rpn_box"].item() == 0


def test_box_only_batch_gives_every_parameter_a_gradient(
    make_engine: EngineMaker, make_sample: SampleMaker
) -> None:
    engine = make_engine()
    losses = engine([make_sample(0, has_masks=False)])
    _total(losses).backward()
    assert losses["mask"].item() == 0
    assert all(p.grad is not None for p in engine.parameters())


def test_parts_hold_every_parameter_once(make_engine: EngineMaker) -> None:
    engine = make_engine()
    held = [id(p) for part in engine.parts().values() for p in part.parameters()]
    assert sorted(held) == sorted(id(p) for p in engine.parameters())


def test_parts_in_evaluation_mode_still_give_all_losses(
    make_engine: EngineMaker, make_sample: SampleMaker
) -> None:
    engine = make_engine()
    for part in engine.parts().values():
        part.eval()
    assert engine([make_sample(0)]).keys() == LOSSES


def test_state_has_stable_prefixes_and_holds_weights_only(make_engine: EngineMaker) -> None:
    names = list(make_engine().state_dict())
    assert {".".join(name.split(".")[:2]) for name in names} == PREFIXES
    assert "rpn.head.objectness_logits.weight" in names
    assert "roi_heads.classifier.linear.weight" in names
    assert "roi_heads.mask_head.predictor.weight" in names


def test_state_of_one_engine_loads_into_another_and_predicts_the_same(
    make_engine: EngineMaker, make_sample: SampleMaker
) -> None:
    first, second = make_engine(seed=0).eval(), make_engine(seed=1).eval()
    second.load_state_dict(first.state_dict())
    image = make_sample().image
    torch.testing.assert_close(
        first.predict([image])[0].boxes, second.predict([image])[0].boxes, rtol=0, atol=0
    )


def test_detections_lie_in_the_original_image_by_falling_score(
    make_engine: EngineMaker, make_sample: SampleMaker
) -> None:
    images = [
        replace(make_sample(0).image, original_size=(200, 100)),
        make_sample(1, height=40, width=90).image,
    ]
    detections = make_engine().eval().predict(images)
    for image, found in zip(images, detections, strict=True):
        assert (found.image_id, found.size) == (image.image_id, image.original_size)
        assert 0 < len(found.boxes) <= 20
        height, width = found.size
        assert (found.boxes >= 0).all()
        assert (found.boxes <= torch.tensor([width, height, width, height])).all()
        assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()
        assert (found.score_box.diff() <= 0).all()
        assert torch.equal(found.score_box, found.score_mask)
        assert found.mask_probabilities.shape == (len(found.boxes), 28, 28)
        assert ((found.labels >= 0) & (found.labels < K)).all()
        assert found.class_rows is None


def test_boxes_scale_with_the_original_image(
    make_engine: EngineMaker, make_sample: SampleMaker
) -> None:
    engine, image = make_engine().eval(), make_sample().image
    large = replace(image, original_size=(128, 192))
    (found,), (scaled,) = engine.predict([image]), engine.predict([large])
    torch.testing.assert_close(scaled.boxes, found.boxes * torch.tensor([3.0, 2.0, 3.0, 2.0]))
    torch.testing.assert_close(scaled.mask_probabilities, found.mask_probabilities)


def test_class_rows_hold_the_detections_score_and_a_background_column(
    make_engine: EngineMaker, make_sample: SampleMaker
) -> None:
    (found,) = make_engine().eval().predict([make_sample().image], class_rows=True)
    assert found.class_rows is not None
    assert found.class_rows.shape == (len(found.boxes), K + 1)
    own = found.class_rows[torch.arange(len(found.boxes)), found.labels]
    torch.testing.assert_close(own, found.score_box)


def test_masks_of_given_boxes_are_those_of_the_prediction(
    make_engine: EngineMaker, make_sample: SampleMaker
) -> None:
    engine = make_engine().eval()
    images = [replace(make_sample(0).image, original_size=(128, 192)), make_sample(1).image]
    found = engine.predict(images)
    for masks, detections in zip(_masks_for(engine, images, found), found, strict=True):
        torch.testing.assert_close(masks, detections.mask_probabilities, rtol=1e-3, atol=1e-4)


def test_mode_is_checked(make_engine: EngineMaker, make_sample: SampleMaker) -> None:
    engine = make_engine()
    with pytest.raises(AssertionError, match=r"engine\.eval"):
        engine.predict([make_sample().image])
    with pytest.raises(AssertionError, match=r"engine\.train"):
        engine.eval().losses([make_sample()])


def test_bfloat16_autocast_changes_losses_little(
    make_engine: EngineMaker, make_sample: SampleMaker, detector: Detector
) -> None:
    samples = [make_sample(0), make_sample(1)]
    exact = make_engine(seed=0)(samples)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = make_engine(seed=0)(samples)
    for name, loss in exact.items():
        assert rounded[name].dtype == torch.float32
        torch.testing.assert_close(rounded[name], loss, rtol=0.1, atol=0.02)


def test_frozen_norms_leave_the_other_parameters_learning(
    make_engine: EngineMaker, make_sample: SampleMaker, detector: Detector
) -> None:
    frozen = detector.replace(backbone=Timm(model="resnet10t", norm="frozen"))
    engine = make_engine(frozen).train()
    _total(engine([make_sample()])).backward()
    learning = [p for p in engine.parameters() if p.requires_grad]
    assert len(learning) < len(list(engine.parameters()))
    assert all(p.grad is not None for p in learning)


def test_padding_is_zero_right_and_below_to_multiples_of_32() -> None:
    batch = pad_to_batch([torch.ones(3, 40, 64), torch.ones(3, 64, 33)])
    assert batch.shape == (2, 3, 64, 64)
    assert batch[0, :, :40, :].min() == batch[1, :, :, :33].min() == 1
    assert batch[0, :, 40:, :].max() == batch[1, :, :, 33:].max() == 0


def test_one_anchor_size_a_level_is_needed(make_engine: EngineMaker, detector: Detector) -> None:
    proposals = detector.proposals.replace(anchor_sizes=(32, 64))
    with pytest.raises(ValueError, match=r"anchor_sizes \(32, 64\): one size for each of the 5"):
        make_engine(detector.replace(proposals=proposals))


@pytest.mark.slow
def test_a_few_steps_on_two_images_find_their_objects(
    make_engine: EngineMaker, make_sample: SampleMaker
) -> None:
    """The rate falls to nothing, so the last weights do not depend on where a loss that jumps
    happens to be; an object is found where AP50 would count it."""
    num_steps = 100
    engine, samples = make_engine(), [make_sample(0), make_sample(1)]
    optimizer = torch.optim.AdamW(engine.parameters(), lr=2e-3)
    schedule = LambdaLR(optimizer, lambda step: min(1.0, (num_steps - step) / 40))
    history = []
    for _ in range(num_steps):
        losses = engine(samples)
        optimizer.zero_grad()
        _total(losses).backward()
        optimizer.step()
        schedule.step()
        history.append(_total(losses).item())
    assert history[-1] < 0.5 * history[0]
    engine.eval()
    for sample, found in zip(samples, engine.predict([s.image for s in samples]), strict=True):
        assert set(found.labels[:2].tolist()) == {0, 1}
        best = found.boxes[:2][found.labels[:2].argsort()]
        assert (box_iou(best, sample.boxes).diagonal() > 0.5).all()


@pytest.mark.gpu
def test_losses_and_masks_are_the_same_on_a_gpu(
    make_engine: EngineMaker,
    make_sample: SampleMaker,
    detector: Detector,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    # Nothing is left to chance: every anchor and every RoI is taken.
    everything = detector.replace(
        proposals=detector.proposals.replace(anchors_per_image=10**6),
        box_head=detector.box_head.replace(rois_per_image=10**4),
    )
    samples = [make_sample(0), make_sample(1)]
    images = [sample.image for sample in samples]
    on_cpu, on_gpu = make_engine(everything), make_engine(everything).cuda()
    losses = {name: loss.cpu() for name, loss in on_gpu(samples).items()}
    torch.testing.assert_close(losses, on_cpu(samples), rtol=1e-2, atol=1e-3)
    found = on_cpu.eval().predict(images)
    for masks, detections in zip(_masks_for(on_gpu.eval(), images, found), found, strict=True):
        torch.testing.assert_close(masks.cpu(), detections.mask_probabilities, rtol=1e-2, atol=1e-3)


@pytest.mark.gpu
def test_training_step_and_prediction_run_in_bfloat16_on_a_gpu(
    make_engine: EngineMaker, make_sample: SampleMaker
) -> None:
    engine = make_engine().cuda()
    with torch.autocast("cuda", torch.bfloat16):
        losses = engine([make_sample(0), make_sample(1, instances=0)])
    _total(losses).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in engine.parameters())
    with torch.autocast("cuda", torch.bfloat16):
        (found,) = engine.eval().predict([make_sample(0).image])
    assert found.boxes.dtype == found.mask_probabilities.dtype == torch.float32
    assert len(found.boxes) > 0
