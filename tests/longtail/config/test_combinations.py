"""What a variant refuses because its parts do not go together, and what it takes."""

from typing import Any

import pytest

from longtail.config.classifiers import (
    BalancedGroupSoftmax,
    Calibrated,
    Classifier,
    Cosine,
    Double,
    Equalization,
    EqualizationV2,
    Federated,
    Seesaw,
    Sigmoid,
    Softmax,
)
from longtail.config.scores import HeadMerge, LogitAdjustment, NorCal
from longtail.config.stages import ClassThenImage, Part, Stage
from longtail.config.variant import Inference, Variant

TRUNK: tuple[Part, ...] = ("backbone", "neck", "rpn", "box_head", "box_regressor", "mask_head")
DOUBLE = Double(first=BalancedGroupSoftmax(), second=BalancedGroupSoftmax())


def chain(*classifiers: Classifier, **last: Any) -> Variant:
    """A stage for each classifier; `last` are fields of the last one."""
    stages = [Stage(classifier=classifier) for classifier in classifiers]
    stages[-1] = stages[-1].replace(**last)
    return Variant(stages=tuple(stages))


def predicting(classifier: Classifier, **settings: Any) -> Variant:
    """Two stages that end with the classifier, and test-time settings."""
    first = classifier.original if isinstance(classifier, Calibrated) else Softmax()
    freeze = TRUNK if isinstance(classifier, Calibrated) else ()
    recreate = () if isinstance(classifier, Softmax | Calibrated) else ("classifier",)
    last = Stage(classifier=classifier, freeze=freeze, recreate=recreate)
    stages = (Stage(classifier=first), last)
    return Variant(stages=stages, inference=Inference(**settings))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Sigmoid(), Softmax()),
        (Equalization(), BalancedGroupSoftmax()),
        (Federated(), Seesaw()),
        (Sigmoid(), EqualizationV2()),
        (Softmax(), BalancedGroupSoftmax()),
        (Softmax(), Softmax(layer=Cosine())),
        (Sigmoid(), Equalization(layer=Cosine())),
    ],
)
def test_another_last_layer_must_be_recreated(before: Classifier, after: Classifier) -> None:
    with pytest.raises(ValueError, match=r"stages\.1\.recreate: .* changes .*add 'classifier'"):
        chain(before, after)
    chain(before, after, recreate=("classifier",))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Sigmoid(), Equalization()),
        (Equalization(form="cvpr"), Federated()),
        (Softmax(), Softmax(logit_adjustment=1.0)),
        (Softmax(layer=Cosine()), Softmax(layer=Cosine(temperature=30.0))),
        (Seesaw(), Seesaw(mitigation=0.5)),
    ],
)
def test_a_classifier_with_the_same_last_layer_may_go_on(
    before: Classifier, after: Classifier
) -> None:
    chain(before, after)
    with pytest.raises(ValueError, match=r"stages\.1\.freeze: 'classifier' is frozen but changes"):
        chain(before, after, freeze=("classifier",))


def test_a_frozen_classifier_stays_as_it_is() -> None:
    chain(Equalization(), Equalization(), freeze=("classifier",))


def test_the_message_says_which_settings_differ() -> None:
    with pytest.raises(ValueError, match=r"from sigmoid to equalization\(form=cvpr\); leave it"):
        chain(Sigmoid(), Equalization(form="cvpr"), freeze=("classifier",))


@pytest.mark.parametrize("number", [0, 1])
def test_a_stage_that_learns_nothing_is_refused(number: int) -> None:
    stages = [Stage(), Stage()]
    stages[number] = Stage(freeze=(*TRUNK, "classifier"))
    with pytest.raises(ValueError, match=rf"stages\.{number}\.freeze: every part is frozen"):
        Variant(stages=tuple(stages))


@pytest.mark.parametrize("pair", [DOUBLE, Calibrated()])
def test_a_pair_of_classifiers_needs_a_stage_before(pair: Classifier) -> None:
    with pytest.raises(ValueError, match=r"stages\.0\.classifier: .* no stage is before it; train"):
        chain(pair)


@pytest.mark.parametrize(
    ("before", "pair"), [(BalancedGroupSoftmax(), DOUBLE), (Softmax(), Calibrated())]
)
def test_a_pair_keeps_the_classifier_of_the_stage_before(
    before: Classifier, pair: Classifier
) -> None:
    chain(before, pair, freeze=TRUNK)
    chain(before, pair, freeze=("backbone", "neck", "box_head"))
    with pytest.raises(ValueError, match=r"stages\.1\.classifier\.\w+: \w+ is not the classifier"):
        chain(Seesaw(), pair, freeze=TRUNK)
    with pytest.raises(ValueError, match=r"stages\.1\.recreate: leave out 'classifier'"):
        chain(before, pair, freeze=TRUNK, recreate=("classifier",))
    with pytest.raises(ValueError, match=r"stages\.1\.freeze: leave out 'classifier'"):
        chain(before, pair, freeze=("backbone", "neck", "box_head", "classifier"))
    with pytest.raises(ValueError, match=r"stages\.1\.freeze: add neck, box_head: the"):
        chain(before, pair, freeze=("backbone",))


def test_the_kept_classifier_has_the_settings_it_was_trained_with() -> None:
    before = BalancedGroupSoftmax(others_per_member=2.0)
    with pytest.raises(ValueError, match=r"bags\(others_per_member=2\.0\); double keeps that one"):
        chain(before, DOUBLE, freeze=TRUNK)


def test_a_pair_goes_on_from_itself() -> None:
    before = Stage(classifier=Softmax()), Stage(classifier=Calibrated(), freeze=TRUNK)
    masks = Stage(classifier=Calibrated(), freeze=("backbone", "neck", "box_head", "classifier"))
    Variant(stages=(*before, masks))
    with pytest.raises(ValueError, match=r"stages\.2\.recreate: leave out 'classifier'"):
        again = masks.replace(freeze=TRUNK, recreate=("classifier",))
        Variant(stages=(*before, again))


def test_what_follows_a_pair_starts_anew() -> None:
    before = Stage(classifier=Softmax()), Stage(classifier=Calibrated(), freeze=TRUNK)
    with pytest.raises(ValueError, match=r"stages\.2\.recreate: the classifier changes from calib"):
        Variant(stages=(*before, Stage(classifier=Softmax())))
    Variant(stages=(*before, Stage(classifier=Softmax(), recreate=("classifier",))))


@pytest.mark.parametrize("adjustment", [NorCal(), LogitAdjustment()])
def test_only_a_softmax_has_scores_to_adjust(adjustment: NorCal | LogitAdjustment) -> None:
    predicting(Softmax(), score_adjustment=adjustment)
    for classifier in (Sigmoid(), Federated(), EqualizationV2(), BalancedGroupSoftmax(), Seesaw()):
        with pytest.raises(ValueError) as caught:
            predicting(classifier, score_adjustment=adjustment)
        message = str(caught.value)
        assert f"inference.score_adjustment: {adjustment.name} needs a softmax" in message
        assert f"the last classifier is {classifier.name}: " in message
        assert "set inference.score_adjustment=none" in message


@pytest.mark.parametrize("adjustment", [NorCal(), LogitAdjustment(), LogitAdjustment(tau=0.1)])
def test_frequency_is_not_taken_out_in_training_and_again_at_test_time(
    adjustment: NorCal | LogitAdjustment,
) -> None:
    with pytest.raises(ValueError) as caught:
        predicting(Softmax(logit_adjustment=0.5), score_adjustment=adjustment)
    message = str(caught.value)
    assert f"inference.score_adjustment: {adjustment.name} takes" in message
    assert "learned with logit_adjustment 0.5" in message
    assert "score_adjustment=none, or train with classifier.logit_adjustment=0" in message
    predicting(Softmax(logit_adjustment=0.0), score_adjustment=adjustment)


def test_an_adjustment_of_no_strength_goes_with_any_softmax() -> None:
    for nothing in (NorCal(gamma=0), LogitAdjustment(tau=0)):
        predicting(Softmax(logit_adjustment=1.0), score_adjustment=nothing)


def test_an_adjusted_loss_of_an_earlier_stage_forbids_nothing() -> None:
    adjusted = Softmax(logit_adjustment=1.0)
    stages = Stage(classifier=adjusted), Stage(classifier=Softmax(), recreate=("classifier",))
    Variant(stages=stages, inference=Inference(score_adjustment=LogitAdjustment()))


def test_a_calibrated_classifier_is_balanced_by_its_merge_instead() -> None:
    with pytest.raises(ValueError, match=r"two classifiers; inference\.head_merge balances them"):
        predicting(Calibrated(), score_adjustment=NorCal())


def test_scores_are_adjusted_for_the_last_stage_alone() -> None:
    stages = Stage(classifier=Sigmoid()), Stage(classifier=Softmax(), recreate=("classifier",))
    Variant(stages=stages, inference=Inference(score_adjustment=NorCal()))


def test_heads_are_merged_only_where_there_are_two() -> None:
    merge = HeadMerge(rule="avg")
    predicting(Calibrated(), head_merge=merge)
    predicting(Softmax(), head_merge=HeadMerge())
    with pytest.raises(ValueError) as caught:
        predicting(Softmax(), head_merge=merge)
    assert "inference.head_merge: rule avg" in str(caught.value)
    assert "the last one is softmax; leave it at its default" in str(caught.value)


@pytest.mark.parametrize("selected", [True, False])
def test_any_stage_may_draw_images_by_category(selected: bool) -> None:
    sampler = ClassThenImage(selected_proposals=selected)
    Variant(stages=(Stage(sampler=sampler), Stage(sampler=sampler, freeze=TRUNK)))


def test_an_override_says_which_path_was_set_and_which_field_is_wrong() -> None:
    with pytest.raises(ValueError) as caught:
        Variant().override({"classifier": "bags", "inference.score_adjustment": "norcal"})
    first, second = str(caught.value).splitlines()
    assert first == "after setting classifier, inference.score_adjustment:"
    assert "inference.score_adjustment: norcal needs a softmax" in second


def test_a_calibrated_classifier_sees_nothing_that_could_be_dropped() -> None:
    with pytest.raises(ValueError, match=r"stages\.1\.classifier_dropout: 0\.1 .*set it to 0"):
        chain(Softmax(), Calibrated(), freeze=TRUNK, classifier_dropout=0.1)
    chain(Softmax(), Softmax(), classifier_dropout=0.1)


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_dropout_is_a_share(share: float) -> None:
    with pytest.raises(ValueError, match="classifier_dropout"):
        Stage(classifier_dropout=share)
