"""What stages must agree in to share a frozen trunk."""

from longtail.config.classifiers import BalancedGroupSoftmax
from longtail.config.stages import AdamW, RepeatFactor, Stage
from longtail.config.trunk import TRUNK, trunk_of

HEAD = Stage(freeze=tuple(sorted(TRUNK)), recreate=("classifier",))


def test_the_trunk_is_all_but_the_classifier() -> None:
    names = {"backbone", "neck", "rpn", "box_head", "box_regressor", "mask_head"}
    assert names == TRUNK
    assert trunk_of(HEAD) is not None


def test_a_stage_that_teaches_or_recreates_more_has_no_trunk_to_share() -> None:
    assert trunk_of(Stage()) is None
    assert trunk_of(HEAD.replace(freeze=HEAD.freeze[1:])) is None
    assert trunk_of(HEAD.replace(freeze=(*HEAD.freeze, "classifier"), recreate=())) is None


def test_what_is_the_classifiers_own_does_not_name_the_trunk() -> None:
    other = HEAD.replace(
        classifier=BalancedGroupSoftmax(),
        recreate=(),
        optimizer=AdamW(),
        clip_gradient_norm=1.0,
        ema_decay=0.9,
        freeze=HEAD.freeze[::-1],
    )
    assert trunk_of(other) == trunk_of(HEAD)


def test_what_the_trunk_sees_names_it() -> None:
    assert trunk_of(HEAD.replace(sampler=RepeatFactor())) != trunk_of(HEAD)
    assert trunk_of(HEAD.replace(classifier_dropout=0.1)) != trunk_of(HEAD)
