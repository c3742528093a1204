"""Choices and bounds of the classifiers."""

import pytest
from pydantic import TypeAdapter, ValidationError

from longtail.config.base import config_classes
from longtail.config.classifiers import (
    BalancedGroupSoftmax,
    Classifier,
    Cosine,
    Double,
    EqualizationV2,
    Federated,
    Seesaw,
    Softmax,
)
from longtail.config.variant import Variant

ANY: TypeAdapter[Classifier] = TypeAdapter(Classifier)
NAMES = [kind.model_fields["name"].default for kind in config_classes(Classifier)]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_gives_defaults_that_survive_json(name: str) -> None:
    classifier = ANY.validate_python({"name": name})
    assert classifier.name == name
    assert ANY.validate_json(classifier.model_dump_json()) == classifier


def test_softmax_alone_says_nothing_against_an_adjustment_of_its_scores() -> None:
    assert len(NAMES) == len(set(NAMES))
    kinds = [ANY.validate_python({"name": name}) for name in NAMES]
    assert [kind.name for kind in kinds if not kind.no_softmax] == ["softmax"]
    alike = {kind.name for kind in kinds if kind.one_logit_each}
    assert alike >= {"sigmoid", "equalization", "federated"}
    assert not alike & {"softmax", "bags", "seesaw", "equalization_v2", "double", "calibrated"}


def test_what_a_kind_says_of_itself_is_no_setting() -> None:
    assert "no_softmax" not in Softmax().model_dump() | Softmax.model_json_schema()["properties"]


def test_defaults_are_those_of_the_papers() -> None:
    assert BalancedGroupSoftmax().others_per_member == 8
    assert (Seesaw().mitigation, Seesaw().compensation) == (0.8, 2)
    v2 = EqualizationV2()
    assert (v2.slope, v2.midpoint, v2.positive_gain) == (12, 0.8, 4)
    assert (Federated().judged_categories, Federated().frequency_power) == (50, 0.5)
    assert (Softmax().logit_adjustment, Softmax().layer.name) == (0, "linear")
    assert Cosine().temperature == 20


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("softmax", "logit_adjustment", -1),
        ("bags", "others_per_member", -0.1),
        ("federated", "judged_categories", 0),
        ("seesaw", "mitigation", -1),
        ("equalization_v2", "prior", 1),
        ("seesaw", "layer", {"name": "cosine", "temperature": 0}),
        ("double", "second", {"name": "double"}),
    ],
)
def test_values_out_of_bounds_are_errors(name: str, field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        ANY.validate_python({"name": name, field: value})


def test_a_double_classifier_names_both() -> None:
    double = ANY.validate_python({"name": "double", "second": {"name": "seesaw"}})
    assert double == Double(first=BalancedGroupSoftmax(), second=Seesaw())


def test_a_stages_layer_is_switched_by_name() -> None:
    variant = Variant().override({"stages.0.classifier.layer": "cosine"})
    assert variant.stages[0].classifier == Softmax(layer=Cosine())
