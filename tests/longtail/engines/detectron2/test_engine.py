from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from longtail.config.detector import Detector, Detectron2
from longtail.data.loading.sample import Sample
from longtail.training.weights.initial import part_names

pytest.importorskip("detectron2", reason="detectron2 is not installed")

from detectron2.utils.events import EventStorage, has_event_storage

R50 = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml"
LOSSES = ["rpn_objectness", "rpn_box", "classification", "box", "mask"]
EngineMaker = Callable[..., Any]
SampleMaker = Callable[..., Sample]


@pytest.fixture
def engine(make_engine: EngineMaker) -> Any:
    return make_engine(engine="detectron2")


def test_weights_go_to_the_other_engine_and_back(make_engine: EngineMaker, engine: Any) -> None:
    other, third = make_engine(seed=1), make_engine(seed=2, engine="detectron2")
    other.load_state_dict(engine.state_dict(), strict=True)
    third.load_state_dict(other.state_dict(), strict=True)
    assert list(third.state_dict()) == list(other.state_dict())
    torch.testing.assert_close(third.state_dict(), engine.state_dict(), rtol=0, atol=0)


def test_names_stay_neutral_inside_a_wrapper(engine: Any) -> None:
    wrapped = nn.Sequential(nn.Linear(1, 1), engine)
    state = wrapped.state_dict()
    assert list(state)[2:] == [f"1.{name}" for name in engine.state_dict()]
    wrapped.load_state_dict(state, strict=True)


def test_weights_that_do_not_fit_are_named_neutrally(engine: Any) -> None:
    state = engine.state_dict()
    missing, value = state.popitem(last=False)
    state["rpn.head.hidden.weight"] = value
    with pytest.raises(RuntimeError) as caught:
        engine.load_state_dict(state, strict=True)
    assert f'Missing key(s) in state_dict: "{missing}"' in str(caught.value)
    assert 'Unexpected key(s) in state_dict: "rpn.head.hidden.weight"' in str(caught.value)


def test_a_stage_that_is_taken_over_finds_the_same_names(
    make_engine: EngineMaker, engine: Any
) -> None:
    assert part_names(engine) == part_names(make_engine())


def test_the_model_itself_has_the_names_of_detectron2(engine: Any) -> None:
    names = list(engine.model.state_dict())
    assert "backbone.neck.pyramid.inner_blocks.0.0.weight" in names
    assert "proposal_generator.rpn_head.objectness_logits.weight" in names
    assert "roi_heads.heads.classifier.linear.weight" in names


def test_parts_hold_every_parameter_once(engine: Any) -> None:
    held = [id(p) for part in engine.parts().values() for p in part.parameters()]
    assert sorted(held) == sorted(id(p) for p in engine.parameters())


def test_parts_in_evaluation_mode_still_give_all_losses(
    engine: Any, make_sample: SampleMaker
) -> None:
    for part in engine.parts().values():
        part.eval()
    assert list(engine([make_sample()])) == LOSSES


def test_batch_without_instances_gives_every_parameter_a_gradient(
    engine: Any, make_sample: SampleMaker
) -> None:
    torch.stack(list(engine([make_sample(instances=0)]).values())).sum().backward()
    assert [name for name, p in engine.named_parameters() if p.grad is None] == []


def test_mode_is_checked(engine: Any, make_sample: SampleMaker) -> None:
    with pytest.raises(AssertionError, match=r"engine\.eval"):
        engine.predict([make_sample().image])
    with pytest.raises(AssertionError, match=r"engine\.train"):
        engine.eval().losses([make_sample()])


def test_losses_write_nothing_to_a_storage_that_is_open(
    engine: Any, make_sample: SampleMaker
) -> None:
    with EventStorage(7) as storage:
        engine([make_sample()])
        assert storage.latest() == {}
        assert has_event_storage()
    assert not has_event_storage()


def test_proposals_that_are_not_finite_show_in_the_losses_of_both_engines(
    make_engine: EngineMaker, engine: Any, make_sample: SampleMaker
) -> None:
    other = make_engine()
    other.load_state_dict(engine.state_dict())
    losses = []
    for each in (engine, other):
        nn.init.constant_(each.parts()["rpn"].anchor_deltas.bias, torch.inf)
        torch.manual_seed(5)
        losses.append(each([make_sample()]))
    assert list(losses[0]) == LOSSES
    assert not torch.isfinite(losses[0]["rpn_box"])
    assert torch.isfinite(losses[0]["classification"])
    torch.testing.assert_close(losses[0], losses[1], equal_nan=True)


def test_engine_is_built_without_memory_on_the_meta_device(make_engine: EngineMaker) -> None:
    with torch.device("meta"):
        engine = make_engine(engine="detectron2")
    assert all(parameter.is_meta for parameter in engine.parameters())


@pytest.mark.parametrize("pixel_format", ["RGB", "BGR"])
def test_the_backbone_sees_pixels_as_its_config_file_says(
    make_engine: EngineMaker,
    make_sample: SampleMaker,
    detector: Detector,
    tmp_path: Any,
    pixel_format: str,
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "MODEL:\n"
        "  BACKBONE: {NAME: build_resnet_fpn_backbone}\n"
        "  RESNETS: {DEPTH: 18, RES2_OUT_CHANNELS: 64, NORM: BN,"
        " OUT_FEATURES: [res2, res3, res4, res5]}\n"
        "  FPN: {IN_FEATURES: [res2, res3, res4, res5]}\n"
        "  PIXEL_MEAN: [1.0, 2.0, 3.0]\n"
        "  PIXEL_STD: [10.0, 20.0, 30.0]\n"
        f"INPUT: {{FORMAT: {pixel_format}}}\n"
    )
    changed = detector.replace(engine="detectron2", backbone=Detectron2(config_file=str(file)))
    engine = make_engine(changed, engine="detectron2").eval()
    seen: list[torch.Tensor] = []
    body = engine.parts()["backbone"].body
    body.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    image = make_sample().image
    engine.predict([image])
    given = image.pixels if pixel_format == "RGB" else image.pixels[[2, 1, 0]]
    mean, deviation = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([10.0, 20.0, 30.0])
    expected = (255 * given - mean[:, None, None]) / deviation[:, None, None]
    torch.testing.assert_close(seen[0][0], expected)


def test_a_timm_backbone_sees_imagenets_normalisation(
    engine: Any, make_sample: SampleMaker
) -> None:
    seen: list[torch.Tensor] = []
    body = engine.parts()["backbone"].body
    body.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    image = make_sample(height=40, width=90).image
    engine.eval().predict([image])
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    expected = (image.pixels - mean[:, None, None]) / deviation[:, None, None]
    assert seen[0].shape == (1, 3, 64, 96)
    torch.testing.assert_close(seen[0][0, :, :40, :90], expected, rtol=1e-5, atol=1e-5)
    assert seen[0][0, :, 40:].abs().max() == seen[0][0, :, :, 90:].abs().max() == 0


def test_detectron2s_own_resnet_learns_all_but_what_its_file_freezes(
    make_engine: EngineMaker, make_sample: SampleMaker, detector: Detector
) -> None:
    own = detector.replace(engine="detectron2", backbone=Detectron2(config_file=R50))
    engine = make_engine(own, engine="detectron2")
    torch.stack(list(engine([make_sample()]).values())).sum().backward()
    untouched = {
        ".".join(name.split(".")[:4])
        for name, parameter in engine.named_parameters()
        if parameter.grad is None
    }
    frozen = {name for name, parameter in engine.named_parameters() if not parameter.requires_grad}
    assert {name for name in frozen if ".body.stem." in name or ".body.res2." in name} == frozen
    assert frozen and untouched == {".".join(name.split(".")[:4]) for name in frozen}


@pytest.mark.gpu
def test_training_step_and_prediction_run_in_bfloat16_on_a_gpu(
    engine: Any, make_sample: SampleMaker
) -> None:
    engine.cuda()
    with torch.autocast("cuda", torch.bfloat16):
        losses = engine([make_sample(0), make_sample(1, instances=0)])
    torch.stack(list(losses.values())).sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in engine.parameters())
    with torch.autocast("cuda", torch.bfloat16):
        (found,) = engine.eval().predict([make_sample(0).image])
    assert found.boxes.dtype == found.mask_probabilities.dtype == torch.float32
