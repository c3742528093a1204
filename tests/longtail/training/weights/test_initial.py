from typing import Any, cast

import pytest
import torch
from support.statistics_of import statistics_of
from torch import nn

from longtail.config.classifiers import (
    BalancedGroupSoftmax,
    Calibrated,
    Classifier,
    Double,
    Softmax,
)
from longtail.config.stages import Part
from longtail.models.box_heads.two_layer import TwoLayerBoxHead
from longtail.models.classifiers.build import build_classifier
from longtail.training.weights.initial import copied_names, part_names, take_over

C = "roi_heads.classifier."
BEFORE = (
    "backbone.stem",
    "roi_heads.box_head.fc1.weight",
    "roi_heads.box_head.fc2.bias",
    f"{C}linear.weight",
    f"{C}linear.bias",
    "roi_heads.mask_head.weight",
)
FIRST = {f"{C}first.linear.{name}": f"{C}linear.{name}" for name in ("weight", "bias")}
ORIGINAL = {f"{C}original.linear.{name}": f"{C}linear.{name}" for name in ("weight", "bias")}
COPIED = {
    f"{C}new.linear.weight": f"{C}linear.weight",
    f"{C}new.linear.bias": f"{C}linear.bias",
    f"{C}new.hidden.fc1.weight": "roi_heads.box_head.fc1.weight",
    f"{C}new.hidden.fc2.bias": "roi_heads.box_head.fc2.bias",
}


def _copy(engine: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in engine.state_dict().items()}


def _other(engine: nn.Module, num_categories: int) -> nn.Module:
    torch.manual_seed(1)
    return type(engine)(num_categories)


def test_part_names_cover_weights_and_buffers(engine: nn.Module) -> None:
    names = part_names(engine)
    assert names["classifier"] == ("head.weight", "head.bias")
    assert "body.1.running_mean" in names["backbone"]
    assert {name for part in names.values() for name in part} == set(engine.state_dict())


def test_everything_is_taken_over(engine: nn.Module) -> None:
    later = _other(engine, 3)
    take_over(later, engine.state_dict(), part_names(engine), recreate=(), classifier=Softmax())
    own, before = later.state_dict(), engine.state_dict()
    assert all(torch.equal(own[name], before[name]) for name in before)


def test_recreated_parts_keep_their_new_weights_whatever_their_shape(engine: nn.Module) -> None:
    later = _other(engine, 5)
    new = _copy(later)
    take_over(
        later,
        engine.state_dict(),
        part_names(engine),
        recreate=("classifier",),
        classifier=Softmax(),
    )
    own, before = later.state_dict(), engine.state_dict()
    assert torch.equal(own["head.weight"], new["head.weight"])
    assert torch.equal(own["body.0.weight"], before["body.0.weight"])


def test_weights_that_only_the_old_part_had_are_left_behind(engine: nn.Module) -> None:
    weights = {**_copy(engine), "head.scale": torch.ones(1)}
    parts = {**part_names(engine), "classifier": ("head.weight", "head.bias", "head.scale")}
    take_over(_other(engine, 3), weights, parts, recreate=("classifier",), classifier=Softmax())


def test_another_shape_is_refused(engine: nn.Module) -> None:
    with pytest.raises(ValueError, match=r"2 weights .* head.bias: shape \(3,\) there, shape \(5,"):
        take_over(
            _other(engine, 5),
            engine.state_dict(),
            part_names(engine),
            recreate=(),
            classifier=Softmax(),
        )


def test_missing_and_unknown_weights_are_refused(engine: nn.Module) -> None:
    weights = _copy(engine)
    weights["body.extra"] = weights.pop("body.0.bias")
    with pytest.raises(ValueError, match=r"2 weights .* body.0.bias: absent there"):
        take_over(
            _other(engine, 3),
            weights,
            part_names(engine),
            recreate=("classifier",),
            classifier=Softmax(),
        )


@pytest.mark.parametrize(
    ("classifier", "expected"),
    [
        (Softmax(), {}),
        (Double(), FIRST),
        (Calibrated(head="2fc_rand"), ORIGINAL),
        (Calibrated(head="3fc_ft"), ORIGINAL | COPIED),
    ],
    ids=str,
)
def test_a_classifier_inherits_what_it_keeps_and_what_its_new_head_starts_as(
    classifier: Classifier, expected: dict[str, str]
) -> None:
    assert copied_names(classifier, BEFORE) == expected


@pytest.mark.parametrize("classifier", [Double(), Calibrated()], ids=str)
def test_in_a_cascade_each_stage_inherits_its_own(classifier: Classifier) -> None:
    parts = ("roi_heads.classifier.", "roi_heads.box_head.")

    def of_stage(number: int, name: str) -> str:
        return next((name.replace(p, f"{p}{number}.") for p in parts if name.startswith(p)), name)

    plain = copied_names(classifier, BEFORE)
    before = {of_stage(number, name) for number in range(3) for name in BEFORE}
    assert copied_names(classifier, before) == {
        of_stage(number, own): of_stage(number, name)
        for number in range(3)
        for own, name in plain.items()
    }


def test_counts_of_a_classifier_are_inherited_like_weights() -> None:
    copies = copied_names(Double(), (*BEFORE, f"{C}label_count"))
    assert copies[f"{C}first.label_count"] == f"{C}label_count"


@pytest.mark.parametrize(
    ("classifier", "before"),
    [
        (Double(), [*FIRST, *(name.replace("first", "second") for name in FIRST)]),
        (Calibrated(), [*ORIGINAL, *COPIED]),
    ],
    ids=str,
)
def test_a_stage_after_one_of_the_same_kind_goes_on_with_all_of_it(
    classifier: Classifier, before: list[str]
) -> None:
    assert copied_names(classifier, before) == {}


class HeadsOnly(nn.Module):
    """A box head and a classifier under their neutral names."""

    def __init__(self, classifier: Classifier, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        built = build_classifier(classifier, 4, statistics_of(3), pooled=(2, 1))
        self.roi_heads = nn.ModuleDict({"box_head": TwoLayerBoxHead(2, 1, 4)})
        self.roi_heads["classifier"] = cast(nn.Module, built)

    def parts(self) -> dict[str, nn.Module]:
        return dict(self.roi_heads.items())


def _taken(classifier: Classifier, before: Classifier, *recreate: Part) -> tuple[Any, Any, Any]:
    """The weights of the stage before, the new ones, and those the new one was built with."""
    old, new = HeadsOnly(before, 0), cast(Any, HeadsOnly(classifier, 1))
    built = _copy(new)
    take_over(new, old.state_dict(), part_names(cast(Any, old)), recreate, classifier)
    return old.state_dict(), new.state_dict(), built


@pytest.mark.parametrize("head", ["3fc_ft", "2fc_rand"])
def test_a_calibrated_classifier_starts_beside_the_one_before(head: Any) -> None:
    old, new, built = _taken(Calibrated(head=head), Softmax())
    assert torch.equal(new[f"{C}original.linear.weight"], old[f"{C}linear.weight"])
    assert torch.equal(new["roi_heads.box_head.fc1.weight"], old["roi_heads.box_head.fc1.weight"])
    copied = head == "3fc_ft"
    for name in (name for name in new if name.startswith(f"{C}new.")):
        source = name.replace(f"{C}new.hidden", "roi_heads.box_head").replace("new.", "")
        assert torch.equal(new[name], old[source] if copied else built[name])
    # Both are trained apart from now on.
    assert len({value.data_ptr() for value in new.values()}) == len(new)


def test_the_first_of_two_classifiers_is_the_one_before_and_the_second_is_new() -> None:
    double = Double(first=BalancedGroupSoftmax(), second=Softmax())
    old, new, built = _taken(double, BalancedGroupSoftmax())
    for name in ("weight", "bias"):
        assert torch.equal(new[f"{C}first.linear.{name}"], old[f"{C}linear.{name}"])
        assert torch.equal(new[f"{C}second.linear.{name}"], built[f"{C}second.linear.{name}"])


@pytest.mark.parametrize("classifier", [Double(), Calibrated()], ids=str)
def test_a_stage_of_the_same_kind_takes_every_weight(classifier: Classifier) -> None:
    old, new, _ = _taken(classifier, classifier)
    assert all(torch.equal(new[name], old[name]) for name in old)


def test_a_recreated_classifier_inherits_nothing() -> None:
    _, new, built = _taken(Calibrated(), Softmax(), "classifier")
    names = [name for name in new if name.startswith(C)]
    assert len(names) == 8 and all(torch.equal(new[name], built[name]) for name in names)


def test_another_classifier_before_is_refused() -> None:
    with pytest.raises(ValueError, match=r"classifier.first.linear.bias: shape \(4,\) there"):
        _taken(Double(first=BalancedGroupSoftmax()), Softmax())
