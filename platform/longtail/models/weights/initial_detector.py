"""Weights that a detector starts from: what fits is taken, and all that was not is listed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from longtail.config.detector import Detector
from longtail.models.weights.detectron2_names import NeutralWeights, to_neutral
from longtail.models.weights.file import read_weights
from longtail.models.weights.taken import Taken, some, taken_by_part
from longtail.problems import BadInputError

CLASSIFIER = re.compile(r"roi_heads\.classifier\.(?:\d+\.)?linear\.")
"""How the names of a last layer begin, which is one for each stage of a cascade."""
NO_BACKGROUND = (
    "classifier: the last row (background) was left out, as this classifier has none; the others"
    " start as scores only if the file was trained with USE_SIGMOID_CE, not with softmax"
)
WITH_BACKGROUND = ("detectron2", "torchvision")
"""Their classifiers have a row of background, as neutral names have it the last one."""
COPY = re.compile(r"neck\.copies\.\d+\.")
"""How the names of a copy of the backbone begin, in a recursive feature pyramid."""
NO_SUCH_LAYER = "of layers that this detector does not have"


@dataclass(frozen=True)
class InitialDetector:
    """Where a detector started from.

    Attributes:
        sha256: Digest of the file of weights, in hex digits.
        taken: What was taken of it.
    """

    sha256: str
    taken: Taken


@dataclass(frozen=True)
class _Given:
    tensors: Mapping[str, Tensor]
    left_out: Mapping[str, str]
    notes: tuple[str, ...]


def initial_detector(
    detector: Detector, own: Mapping[str, Tensor], num_categories: int
) -> tuple[dict[str, Tensor], InitialDetector]:
    """Read `detector.weights` and take what fits.

    Args:
        detector: Names the file, and whether its bottom-up network is detectron2's.
        own: State of the new detector by neutral name.
        num_categories: Its K.

    Returns:
        The new state, and what it is made of.

    Raises:
        ValueError: The file is missing.
        BadInputError: It cannot be read, or nothing of it fits.
    """
    assert detector.weights is not None, "there is a file to start from"
    file = read_weights(Path(detector.weights), detector.trust_weights)
    weights = to_neutral(file.tensors, detectron2_body=detector.backbone.name == "detectron2")
    try:
        state, taken = take_weights(own, weights, num_categories)
    except BadInputError as error:
        raise BadInputError(f"detector.weights {file.path}: {error}") from None
    if not taken.num_taken:
        raise BadInputError(_nothing_fits(file.path, file.tensors, taken))
    return state, InitialDetector(file.sha256, taken)


def take_weights(
    own: Mapping[str, Tensor], weights: NeutralWeights, num_categories: int
) -> tuple[dict[str, Tensor], Taken]:
    """Replace each tensor that a checkpoint has by the same name and in the same shape.

    Copies of the backbone that a checkpoint knows nothing of start as its backbone.

    Args:
        own: State of a new detector by neutral name.
        weights: The checkpoint under neutral names.
        num_categories: K of the detector.

    Returns:
        The new state, and what was taken of the checkpoint.

    Raises:
        BadInputError: A tensor that fits holds NaN or infinity.
    """
    given = _with_copies(_with_our_logits(weights, own, num_categories), own)
    fitting = {
        name: value
        for name, value in given.tensors.items()
        if name in own and own[name].shape == value.shape
    }
    _require_finite(fitting)
    reasons: dict[str, list[str]] = {}
    for name, reason in given.left_out.items():
        reasons.setdefault(reason, []).append(name)
    strangers = [weights.sources[name] for name in given.tensors if name not in own]
    if strangers:
        reasons[NO_SUCH_LAYER] = strangers
    taken = Taken(
        origin=weights.origin,
        parts=taken_by_part(own, given.tensors),
        left_out={reason: tuple(names) for reason, names in reasons.items()},
        notes=given.notes,
    )
    return {**own, **fitting}, taken


def _with_our_logits(
    weights: NeutralWeights, own: Mapping[str, Tensor], num_categories: int
) -> _Given:
    """Classifiers of others have K + 1 rows, background last, also with sigmoid scores, which
    neither train nor read it. Ours have K, K + 1 or more."""
    given = dict(weights.tensors)
    present = [name for name in given if CLASSIFIER.match(name)]
    if weights.origin not in WITH_BACKGROUND or not present:
        return _Given(given, weights.left_out, weights.notes)
    own_logits = next((len(value) for name, value in own.items() if CLASSIFIER.match(name)), 0)
    logits = len(given[present[0]])
    if logits != num_categories + 1:
        reason = f"of a classifier of {logits - 1} categories, where this has {num_categories}"
        refused = {weights.sources[name]: reason for name in present}
        kept = {name: value for name, value in given.items() if name not in present}
        return _Given(kept, {**weights.left_out, **refused}, weights.notes)
    if own_logits != num_categories:
        return _Given(given, weights.left_out, weights.notes)
    shortened = {name: given[name][:-1] for name in present}
    return _Given({**given, **shortened}, weights.left_out, (*weights.notes, NO_BACKGROUND))


def _with_copies(given: _Given, own: Mapping[str, Tensor]) -> _Given:
    """The checkpoint's backbone for each copy of it that the checkpoint lacks."""
    known = {found[0] for name in given.tensors if (found := COPY.match(name))}
    new: dict[str, Tensor] = {}
    for name in own:
        found = COPY.match(name)
        if found is None or found[0] in known:
            continue
        value = given.tensors.get(f"backbone.{name.removeprefix(found[0])}")
        if value is not None and value.shape == own[name].shape:
            new[name] = value
    if not new:
        return given
    copies = sorted({name.split(".")[2] for name in new})
    note = (
        f"neck: the backbone's copies {', '.join(copies)} are not in the file; {len(new)} of their"
        " tensors are those of the file's backbone"
    )
    return _Given({**given.tensors, **new}, given.left_out, (*given.notes, note))


def _require_finite(tensors: Mapping[str, Tensor]) -> None:
    wrong = [name for name, value in tensors.items() if not torch.isfinite(value).all()]
    if wrong:
        raise BadInputError(
            f"{len(wrong)} tensors hold NaN or infinity, first {wrong[0]}; take a checkpoint from"
            " before the training diverged"
        )


def _nothing_fits(path: Path, names: Iterable[str], taken: Taken) -> str:
    if taken.origin == "timm or torchvision backbone":
        return (
            f"detector.weights {path}: nothing of it fits: names like {some(tuple(names))} are"
            " those of a backbone alone; give the file as detector.backbone.weights, with its timm"
            " model as detector.backbone.model"
        )
    if taken.origin in ("mmdetection", "other"):
        whose = "mmdetection's" if taken.origin == "mmdetection" else "none that are known"
        return (
            f"detector.weights {path}: nothing of it fits: names like {some(tuple(names))} are"
            f" {whose}; give a checkpoint of detectron2, a Mask R-CNN of torchvision or a node's"
            " model.pt"
        )
    return (
        f"detector.weights {path}: nothing of it fits this detector; take the backbone and widths"
        f" it was trained with, or leave detector.weights out\n{taken.table()}"
    )
