"""Which components of a variant go together: what no section can see by itself.

Every message begins with the path of the field to change.
"""

from collections.abc import Sequence
from typing import assert_never, get_args

from longtail.config.classifiers import Calibrated, Classifier, Double, SingleClassifier, Softmax
from longtail.config.mixing import BalancedMosaic, Mixing, Mosaic
from longtail.config.other_data.checks import check_other_data
from longtail.config.scores import AsTheyAre, HeadMerge, LogitAdjustment, NorCal, ScoreAdjustment
from longtail.config.stages import ClassThenImage, Part, Stage

FEATURE_PARTS: tuple[Part, ...] = ("backbone", "neck", "box_head")
"""What the features of a RoI come from."""


def check_stages(stages: Sequence[Stage]) -> None:
    """Hold every stage against the one before it.

    Raises:
        ValueError: A stage learns nothing, mixes pictures in a way that makes no sense, or takes
            over what does not fit or should not change.
    """
    if not stages:
        raise ValueError("stages: a variant needs at least one stage")
    _check_first(stages[0])
    for number, stage in enumerate(stages):
        path = f"stages.{number}"
        if set(stage.freeze) == set(get_args(Part)):
            raise ValueError(f"{path}.freeze: every part is frozen; leave out those that learn")
        _check_mixing(path, stage)
        check_other_data(path, stage)
        for joined in stage.all_joined:
            if joined.augmentations is not None:
                own_pictures = stage.replace(augmentations=joined.augmentations)
                _check_mixing(f"{path}, {joined.file}", own_pictures)
        if stage.classifier_dropout and isinstance(stage.classifier, Calibrated):
            raise ValueError(
                f"{path}.classifier_dropout: {stage.classifier_dropout:g} drops features of the box"
                " head, which the new classifier of calibrated does not see; set it to 0"
            )
        if number == 0:
            continue
        before = stages[number - 1].classifier
        if isinstance(stage.classifier, Double | Calibrated):
            _check_pair(path, stage, stage.classifier, before)
        else:
            _check_single(path, stage, stage.classifier, before)


def check_scores(
    classifier: Classifier, adjustment: ScoreAdjustment, head_merge: HeadMerge
) -> None:
    """Hold the test-time treatment of scores against the classifier that gives them.

    Args:
        classifier: Of the last stage.
        adjustment: `inference.score_adjustment`.
        head_merge: `inference.head_merge`.

    Raises:
        ValueError: The classifier has no scores of that kind, or learned to do without the
            adjustment.
    """
    if adjustment.name != "none" and classifier.no_softmax:
        raise ValueError(
            f"inference.score_adjustment: {adjustment.name} needs a softmax over categories and"
            f" background, but the last classifier is {classifier.name}:"
            f" {classifier.no_softmax}; set inference.score_adjustment=none"
        )
    if isinstance(classifier, Softmax) and classifier.logit_adjustment and _strength(adjustment):
        raise ValueError(
            f"inference.score_adjustment: {adjustment.name} takes a power of each category's"
            " frequency out of the scores, and the last classifier learned with logit_adjustment"
            f" {classifier.logit_adjustment:g}, which takes one out already; set"
            " inference.score_adjustment=none, or train with classifier.logit_adjustment=0"
        )
    if head_merge != HeadMerge() and not isinstance(classifier, Calibrated):
        raise ValueError(
            f"inference.head_merge: rule {head_merge.rule} merges the scores of a calibrated"
            f" classifier, but the last one is {classifier.name}; leave it at its default, or add"
            " a stage with classifier=calibrated"
        )


def _strength(adjustment: ScoreAdjustment) -> float:
    """The power of the frequency that is taken out; 0 changes nothing."""
    match adjustment:
        case NorCal(gamma=gamma):
            return gamma
        case LogitAdjustment(tau=tau):
            return tau
        case AsTheyAre():
            return 0.0
        case _:
            assert_never(adjustment)


def _check_mixing(path: str, stage: Stage) -> None:
    """A mix has whole pictures to draw from, and shows instances that are learned from."""
    names = [item.name for item in stage.augmentations]
    mosaics = [
        item.name for item in stage.augmentations if isinstance(item, Mosaic | BalancedMosaic)
    ]
    if len(mosaics) > 1:
        raise ValueError(
            f"{path}.augmentations: {' and '.join(mosaics)}: each shows four pictures at once, and"
            " one of the other would show sixteen; leave in one of them"
        )
    if BalancedMosaic().name in names[1:]:
        raise ValueError(
            f"{path}.augmentations: balanced_mosaic resizes pictures as they are stored, so nothing"
            f" goes before it, but it comes after {names[0]}; put it first"
        )
    mixes = [item.name for item in stage.augmentations if isinstance(item, Mixing)]
    if mixes and isinstance(stage.sampler, ClassThenImage) and stage.sampler.selected_proposals:
        raise ValueError(
            f"{path}.augmentations: {mixes[0]} shows other pictures, but sampler class_then_image"
            " learns only from instances of the category that a picture was drawn for; leave"
            f" {mixes[0]} out, or set {path}.sampler.selected_proposals=false"
        )


def _check_first(stage: Stage) -> None:
    if stage.recreate:
        raise ValueError("stages.0.recreate: the first stage has nothing to re-create")
    if stage.pseudo_labels:
        raise ValueError(
            "stages.0.pseudo_labels: they are what the stage before finds, and none is before the"
            " first; set them in a later one"
        )
    if isinstance(stage.classifier, Double | Calibrated):
        field, kept = _kept(stage.classifier)
        raise ValueError(
            f"stages.0.classifier: {stage.classifier.name} keeps a trained classifier, but no stage"
            f" is before it; train its {field}, {kept.name}, in a stage of its own first"
        )


def _check_single(path: str, stage: Stage, own: SingleClassifier, before: Classifier) -> None:
    frozen = "classifier" in stage.freeze
    if frozen and own != before:
        raise ValueError(
            f"{path}.freeze: 'classifier' is frozen but changes from {_text(before)} to"
            f" {_text(own)}; leave it out of freeze, or keep the settings of the stage before"
        )
    if "classifier" not in stage.recreate and not _same_layer(own, before):
        raise ValueError(
            f"{path}.recreate: the classifier changes from {_text(before)} to {_text(own)}, whose"
            " last layers do not fit; add 'classifier'"
        )


def _check_pair(path: str, stage: Stage, pair: Double | Calibrated, before: Classifier) -> None:
    """A pair goes on from itself, or keeps the classifier of the stage before beside a new one."""
    field, kept = _kept(pair)
    if before not in (pair, kept):
        raise ValueError(
            f"{path}.classifier.{field}: {_text(kept)} is not the classifier of the stage before,"
            f" {_text(before)}; {pair.name} keeps that one, so give both the same settings"
        )
    if "classifier" in stage.recreate:
        raise ValueError(
            f"{path}.recreate: leave out 'classifier': {pair.name} keeps that of the stage before"
            f" as its {field}; the other one is new anyhow"
        )
    if "classifier" in stage.freeze and before == kept:
        raise ValueError(
            f"{path}.freeze: leave out 'classifier': {pair.name} freezes its {field} by itself, and"
            " the other one must learn"
        )
    moving = [part for part in FEATURE_PARTS if part not in stage.freeze]
    if moving:
        raise ValueError(
            f"{path}.freeze: add {', '.join(moving)}: the {field} of {pair.name} was trained on"
            " their features and does not follow them"
        )


def _kept(pair: Double | Calibrated) -> tuple[str, Classifier]:
    """The field of the classifier that is taken over and frozen, and what it says."""
    if isinstance(pair, Double):
        return "first", pair.first
    return "original", pair.original


def _same_layer(own: SingleClassifier, before: Classifier) -> bool:
    """Whether one can go on from the weights of the other."""
    if isinstance(before, Double | Calibrated):
        return False
    alike = own.name == before.name or (own.one_logit_each and before.one_logit_each)
    return alike and own.layer.name == before.layer.name


def _text(classifier: Classifier) -> str:
    """Its name and the settings that are not the default ones."""
    settings = classifier.model_dump(mode="json", exclude_defaults=True)
    changed = ", ".join(f"{field}={value}" for field, value in settings.items() if field != "name")
    return f"{classifier.name}({changed})" if changed else classifier.name
