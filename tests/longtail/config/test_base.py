"""Overrides by dotted path, and identity by content."""

import json
import re

import pytest

from longtail.config.augmentations import HorizontalFlip, Resize
from longtail.config.base import parse_assignments
from longtail.config.classifiers import Cosine, Equalization, Seesaw
from longtail.config.detector import Detector
from longtail.config.roi_stages import GlobalContext, HybridTaskCascade
from longtail.config.stages import RepeatFactor, Schedule, Stage
from longtail.config.variant import Variant


def test_override_reaches_a_leaf_inside_a_list() -> None:
    variant = Variant().override({"stages.0.schedule.images_per_step": 8})
    assert variant.stages[0].schedule.images_per_step == 8
    assert Variant().stages[0].schedule.images_per_step == 16


def test_a_component_is_switched_by_name_and_then_set() -> None:
    changes = {"stages.0.classifier": "equalization", "stages.0.classifier.tail_frequency": 1e-3}
    assert Variant().override(changes).stages[0].classifier == Equalization(tail_frequency=1e-3)


def test_the_end_of_a_path_will_do_where_no_other_ends_so() -> None:
    changes = {"engine": "detectron2", "backbone": "detectron2", "proposals.nms_iou": 0.6}
    detector = Variant().override(changes).detector
    assert (detector.engine, detector.backbone.name) == ("detectron2", "detectron2")
    assert detector.proposals.nms_iou == 0.6


def test_several_fields_of_a_switched_component_are_set_by_short_paths() -> None:
    changes = {"sampler": "repeat_factor", "sampler.threshold": 0.01, "sampler.rounding": "ceiling"}
    expected = RepeatFactor(threshold=0.01, rounding="ceiling")
    assert Variant().override(changes).stages[0].sampler == expected


def test_a_component_of_a_switched_component_is_switched_too() -> None:
    changes = {"classifier": "seesaw", "classifier.layer": "cosine"}
    assert Variant().override(changes).stages[0].classifier == Seesaw(layer=Cosine())


@pytest.mark.parametrize(
    "before",
    [
        {"roi_stages": "htc"},
        {"roi_stages": {"name": "htc"}},
        {"roi_stages": "htc", "roi_stages.global_context": {}},
    ],
)
def test_a_field_of_an_absent_section_gives_the_rest_its_defaults(
    before: dict[str, object],
) -> None:
    set_at_once = Variant().override({**before, "roi_stages.global_context.convolutions": 2})
    in_turn = Variant().override(before).override({"global_context.convolutions": 2})
    expected = HybridTaskCascade(global_context=GlobalContext(convolutions=2))
    assert set_at_once.detector.roi_stages == in_turn.detector.roi_stages == expected


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"roi_stages": "htc", "roi_stages.global.convolutions": 2}, "htc.global: Extra inputs"),
        ({"classifier": "sigmoid", "classifier.layer.temperature": 3}, "give its name"),
        ({"roi_stages": {"type": "htc"}}, "detector.roi_stages: say which one it is"),
        ({"detector.weights.file": "a"}, "detector.weights: Input should be a valid string"),
    ],
)
def test_what_is_wrong_below_a_given_section_is_said(
    changes: dict[str, object], words: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        Variant().override(changes)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("stages.0.classifer", 1, "no field 'classifer'; here: augmentations, classifier"),
        ("stages.1.freeze", [], "'1' is no index here; there are 1 items"),
        ("seed.x", 1, "lies below a plain value"),
        ("seed", -4, "greater than or equal to 0 (got -4)"),
        ("stages.0.schedule.iterations", "many", "unable to parse string as an integer"),
        ("stages.0.classifier", "foo", "'softmax', 'sigmoid', 'equalization'"),
        ("stages.0.schedule.warmup_iterations", 90_000, "must be below iterations 90000"),
        ("nms_iou", 0.6, "give one whole: detector.proposals.nms_iou, inference.nms_iou"),
        ("backbone", "detectron2", "detectron2's own networks need engine=detectron2"),
        ("stages", [], "a variant needs at least one stage"),
    ],
)
def test_a_wrong_override_names_path_and_remedy(path: str, value: object, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        Variant().override({path: value})
    assert path.split(".")[0] in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("path", "now"),
    [
        ("stages.0.augmentation.short_sides", "augmentations.0.short_sides"),
        ("stages.0.augmentation.horizontal_flip", "augmentations.1.probability"),
        ("horizontal_flip", "augmentations.1.probability"),
    ],
)
def test_a_field_of_before_is_refused_with_the_new_one(path: str, now: str) -> None:
    with pytest.raises(ValueError, match=rf"no field .*; it is now .*{now}"):
        Variant().override({path: 0.5})


def test_a_tree_with_a_field_of_before_says_the_new_one() -> None:
    tree = Stage().model_dump(mode="json", exclude={"augmentations"})
    old = {"short_sides": [800], "long_side_cap": 1333, "horizontal_flip": 0.5}
    with pytest.raises(ValueError, match=r"augmentation is now augmentations, a list") as caught:
        Stage.model_validate({**tree, "augmentation": old})
    # What the message shows can be given as it is.
    shown = re.search(r"as JSON (\[.*?\}\])", str(caught.value))
    assert shown is not None
    variant = Variant().override({"augmentations": json.loads(shown[1])})
    assert variant.stages[0].augmentations == (Resize(short_sides=(800,)), HorizontalFlip())


def test_a_detector_is_given_without_the_fields_it_did_not_have_once() -> None:
    tree = Detector(neck_channels=16).model_dump(mode="json", exclude={"neck"})
    assert Detector.model_validate(tree) == Detector(neck_channels=16)


def test_fields_that_came_later_change_no_name_at_their_defaults() -> None:
    first = {"engine", "backbone", "weights", "trust_weights", "neck", "neck_channels"}
    tree = Detector().named_tree()
    assert tree.keys() == first | {"proposals", "box_head", "mask_head"}
    assert tree["mask_head"].keys() == {"pool_size", "channels", "convolutions", "class_specific"}
    scoring = Detector().override({"mask_head.scoring": True})
    assert scoring.named_tree()["mask_head"]["scoring"] is True
    assert scoring.fingerprint() != Detector().fingerprint()
    assert Detector.model_validate(scoring.named_tree()) == scoring
    assert Variant().fingerprint() == "4d51376b64d6"


def test_items_of_a_list_are_components_by_name() -> None:
    assert Stage.model_validate({"augmentations": ["horizontal_flip"]}).augmentations == (
        HorizontalFlip(),
    )
    variant = Variant().override({"augmentations": [{"name": "resize", "short_sides": [64]}]})
    assert variant.stages[0].augmentations == (Resize(short_sides=(64,)),)
    assert Variant().override({"augmentations": []}).stages[0].augmentations == ()
    shorter = Variant().override({"short_sides": [64], "augmentations.1.probability": 0})
    assert shorter.stages[0].augmentations == (
        Resize(short_sides=(64,)),
        HorizontalFlip(probability=0),
    )


def test_fingerprint_depends_on_content_alone() -> None:
    twice = Variant().override({"seed": 1}).override({"seed": 0})
    assert twice.fingerprint() == Variant().fingerprint()
    assert Variant(seed=1).fingerprint() != Variant().fingerprint()


def test_json_reloads_equal() -> None:
    variant = Variant().override({"stages.0.classifier": "equalization", "seed": 3})
    assert Variant.model_validate_json(variant.model_dump_json()) == variant


def test_leaves_are_dotted_scalars() -> None:
    leaves = Variant().leaves()
    assert leaves["stages.0.classifier.name"] == "softmax"
    assert leaves["stages.0.augmentations.0.short_sides"] == [640, 672, 704, 736, 768, 800]


def test_assignments_are_json_where_they_parse() -> None:
    words = ("a=1", "b=[1,2]", "c=softmax", "d=null", "e=x=y")
    expected = {"a": 1, "b": [1, 2], "c": "softmax", "d": None, "e": "x=y"}
    assert parse_assignments(words) == expected


def test_assignment_without_a_value_is_refused() -> None:
    with pytest.raises(ValueError, match="expected path=value"):
        parse_assignments(("seed",))


def test_unknown_fields_are_refused_in_python_too() -> None:
    with pytest.raises(ValueError, match="Extra inputs"):
        Variant.model_validate({"sed": 1})


def test_a_changed_classifier_must_be_recreated() -> None:
    second = Stage(classifier=Equalization(), schedule=Schedule())
    with pytest.raises(ValueError, match="add 'classifier'"):
        Variant(stages=(Stage(), second))
    Variant(stages=(Stage(), second.replace(recreate=("classifier",))))


def test_the_first_stage_has_nothing_to_recreate() -> None:
    with pytest.raises(ValueError, match="nothing to re-create"):
        Variant(stages=(Stage(recreate=("classifier",)),))


def test_a_part_is_not_both_frozen_and_recreated() -> None:
    with pytest.raises(ValueError, match="classifier: a part cannot be both"):
        Stage(freeze=("classifier",), recreate=("classifier",))


def test_a_list_without_brackets_is_told_how_it_is_written() -> None:
    for words, said in {"a,b": r'\["a", "b"\]', "600, 0.8": r"\[600, 0.8\]", None: r"\[\]"}.items():
        with pytest.raises(ValueError, match=f"give a list as JSON: {said}"):
            Variant().override({"freeze": words})
    with pytest.raises(ValueError, match=r'give a list as JSON: \["rotation"\]'):
        Variant().override({"augmentations": "rotation"})


def test_errors_begin_with_what_to_change() -> None:
    with pytest.raises(ValueError, match=r":\nstages.0.augmentations: mosaic and mosaic"):
        Variant().override({"augmentations": ["mosaic", "mosaic"]})
