"""Which stages can learn from what the stage before finds, and under which rules."""

from typing import Any

import pytest

from longtail.config.combinations import check_stages
from longtail.config.stages import ClassThenImage, Stage
from longtail.config.variant import Variant

LEARNED = {"name": "learn", "file": "web"}
SECOND: dict[str, Any] = {"stages": [Stage(), Stage(pseudo_labels=[LEARNED, "ignore"])]}


def test_a_name_alone_has_its_defaults_which_are_those_of_the_reports() -> None:
    ignored, learned = Stage(pseudo_labels=["ignore", LEARNED]).pseudo_labels
    assert ignored.name == "ignore" and (ignored.min_score, ignored.weight) == (0.5, 0.0)
    assert ignored.proposals and ignored.categories == "all"
    assert learned.name == "learn" and (learned.min_score, learned.masks) == (0.8, True)


def test_files_that_are_made_join_those_that_are_given() -> None:
    labels = [{**LEARNED, "loss_weight": 0.5, "images_per_epoch": 7}, "ignore"]
    stage = Stage(joined=[{"file": "oi"}], ignore=[{"file": "coco"}], pseudo_labels=labels)
    assert stage.files == ("oi", "coco", "web")
    assert [item.file for item in stage.all_joined] == ["oi", "pseudo_labels_0"]
    assert (stage.all_joined[1].loss_weight, stage.all_joined[1].images_per_epoch) == (0.5, 7)
    assert [item.file for item in stage.all_ignored] == ["coco", "pseudo_labels_1"]
    assert (stage.all_ignored[1].weight, stage.all_ignored[1].proposals) == (0, True)


def test_the_first_stage_has_no_teacher() -> None:
    with pytest.raises(ValueError, match=r"stages\.0\.pseudo_labels: .* none is before the first"):
        check_stages([Stage(pseudo_labels=["ignore"])])
    check_stages(SECOND["stages"])


def test_a_file_must_be_named_to_be_labelled() -> None:
    with pytest.raises(ValueError, match=r"learn\.file"):
        Stage(pseudo_labels=["learn"])


def test_made_files_are_held_to_the_same_rules_as_given_ones() -> None:
    own = Stage(pseudo_labels=[{"name": "ignore", "categories": "own"}])
    with pytest.raises(ValueError, match="softmax has one loss for all of them"):
        check_stages([Stage(), own])
    drawn = Stage(sampler=ClassThenImage(), pseudo_labels=[LEARNED])
    with pytest.raises(ValueError, match="pictures of pseudo_labels_0 are drawn for none"):
        check_stages([Stage(), drawn])


@pytest.mark.parametrize("rules", ["none", "2019", "2020"])
def test_no_rules_forbid_them_for_they_are_no_annotations_of_others(rules: str) -> None:
    variant = Variant.model_validate({**SECOND, "rules": rules})
    assert not variant.external_data and variant.stages[1].files == ("web",)
