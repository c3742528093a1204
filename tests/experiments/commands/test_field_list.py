"""The list of what `--set` can set is the configuration itself."""

from experiments.commands.field_list import fields_of
from longtail.config.augmentations import Augmentation
from longtail.config.base import config_classes
from longtail.config.variant import Variant


def test_every_leaf_of_the_default_variant_is_listed_with_its_default() -> None:
    listed = {(path.partition(" ")[0], default) for path, default, _ in fields_of(Variant, "")}
    for path, value in Variant().leaves().items():
        assert (path.removesuffix(".name"), "none" if value is None else str(value)) in listed


def test_components_that_are_not_the_default_are_listed_too() -> None:
    paths = [path for path, _, _ in fields_of(Variant, "")]
    assert "stages.0.classifier.tail_frequency (equalization)" in paths
    assert "stages.0.schedule.decay.final_share (cosine)" in paths


def test_each_transform_is_listed_at_its_place() -> None:
    listed = {path: (default, meaning) for path, default, meaning in fields_of(Variant, "")}
    names = (kind.model_fields["name"].default for kind in config_classes(Augmentation))
    kinds = f"one of {', '.join(names)}"
    assert listed["stages.0.augmentations.0"] == ("resize", kinds)
    assert listed["stages.0.augmentations.1"] == ("horizontal_flip", kinds)
    assert listed["stages.0.augmentations.1.probability (horizontal_flip)"][0] == "0.5"
    assert "stages.0.augmentations.0.probability (horizontal_flip)" not in listed


def test_meanings_are_those_of_the_configuration() -> None:
    meanings = {path: meaning for path, _, meaning in fields_of(Variant, "")}
    assert meanings["stages.0.schedule.iterations"] == "Optimizer steps."
    assert meanings["stages.0.classifier"].startswith("one of softmax, sigmoid, equalization")
