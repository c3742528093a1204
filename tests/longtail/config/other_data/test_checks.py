"""Which stages can learn from other files, and which rules allow it."""

from typing import Any

import pytest

from longtail.config.classifiers import BalancedGroupSoftmax, Calibrated, Double, Sigmoid
from longtail.config.combinations import check_stages
from longtail.config.stages import ClassThenImage, Stage
from longtail.config.variant import Variant

JOINED = [{"file": "oi"}]
IGNORED = [{"file": "coco"}]


def test_stages_without_other_files_keep_their_names() -> None:
    assert Variant().fingerprint() == "4d51376b64d6"
    assert "joined" not in Stage().named_tree() and "ignore" not in Stage().named_tree()
    assert Stage(joined=JOINED).fingerprint() != Stage().fingerprint()


def test_files_are_listed_once_joined_ones_first() -> None:
    stage = Stage(joined=[{"file": "b"}, {"file": "a"}], ignore=[{"file": "c"}, {"file": "a"}])
    assert stage.files == ("b", "a", "c")


@pytest.mark.parametrize("field", ["joined", "ignore"])
def test_a_file_is_named_once_in_a_field_and_by_a_word(field: str) -> None:
    with pytest.raises(ValueError, match=rf"stages\.0\.{field}: oi is named twice"):
        check_stages([Stage.model_validate({field: [*JOINED, *JOINED]})])
    with pytest.raises(ValueError, match="pattern"):
        Stage.model_validate({field: [{"file": "a b"}]})


def test_a_sampler_that_learns_one_category_of_a_picture_takes_no_joined_files() -> None:
    stage = Stage(sampler=ClassThenImage(), joined=JOINED)
    with pytest.raises(ValueError, match=r"set stages\.0\.sampler\.selected_proposals=false"):
        check_stages([stage])
    check_stages([stage.replace(sampler=ClassThenImage(selected_proposals=False))])
    check_stages([Stage(sampler=ClassThenImage(), ignore=IGNORED)])


@pytest.mark.parametrize(
    ("classifier", "named"),
    [
        (BalancedGroupSoftmax(), "bags"),
        (Double(first=Sigmoid(), second=BalancedGroupSoftmax()), "bags"),
        (Calibrated(), "calibrated"),
    ],
)
def test_one_loss_for_all_categories_cannot_leave_one_out(classifier: Any, named: str) -> None:
    # The classifier of the stage before is the one that a pair keeps.
    kept = getattr(classifier, "first", None) or getattr(classifier, "original", Sigmoid())
    frozen = ("backbone", "neck", "box_head")
    own = Stage(
        classifier=classifier,
        freeze=frozen,
        ignore=[{"file": "coco", "categories": "own"}],
    )
    with pytest.raises(ValueError, match=rf"categories own .* and {named} has one loss for all"):
        check_stages([Stage(classifier=kept), own])


def test_own_categories_go_with_a_loss_for_each() -> None:
    own = [{"file": "coco", "categories": "own"}]
    check_stages([Stage(classifier=Sigmoid(), ignore=own)])
    pair = Double(first=BalancedGroupSoftmax(), second=Sigmoid())
    second = Stage(classifier=pair, freeze=("backbone", "neck", "box_head"), ignore=own)
    check_stages([Stage(classifier=BalancedGroupSoftmax()), second])


def test_augmentations_of_a_joined_file_must_make_sense() -> None:
    joined = [{"file": "oi", "augmentations": ["resize", "balanced_mosaic"]}]
    with pytest.raises(ValueError, match=r"stages\.0, oi\.augmentations: balanced_mosaic"):
        check_stages([Stage.model_validate({"joined": joined})])


@pytest.mark.parametrize("field", ["joined", "ignore"])
def test_other_annotations_are_declared_and_refused_by_the_rules_of_2020(field: str) -> None:
    changes: dict[str, Any] = {f"stages.0.{field}": JOINED}
    with pytest.raises(ValueError, match=rf"external_data: false, but stages\.0\.{field}"):
        Variant().override(changes)
    changes["external_data"] = True
    assert Variant().override(changes | {"rules": "2019"}).stages[0].files == ("oi",)
    with pytest.raises(ValueError, match=rf"stages\.0\.{field}: .* rules 2020 allow none"):
        Variant().override(changes | {"rules": "2020"})
