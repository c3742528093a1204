"""Weights that a stage takes over from the stage before it."""

import re
from collections.abc import Collection, Mapping

from torch import Tensor

from longtail.config.classifiers import Calibrated, Classifier, Double
from longtail.config.stages import Part
from longtail.engines.base import Engine

BOX_HEAD = "roi_heads.box_head."
CLASSIFIER = "roi_heads.classifier."
"""How the neutral names of their weights begin."""


def part_names(engine: Engine) -> dict[str, tuple[str, ...]]:
    """The names that each part's weights and buffers have in the engine's neutral state dict.

    They are found by the memory they share, whatever the engine calls its modules.
    """
    names = {tensor.data_ptr(): name for name, tensor in engine.state_dict().items()}
    return {
        part: tuple(names[tensor.data_ptr()] for tensor in module.state_dict().values())
        for part, module in engine.parts().items()
    }


def copied_names(classifier: Classifier, before: Collection[str]) -> dict[str, str]:
    """The weights of a classifier that start as copies of others, as their names before.

    The classifier that a double or calibrated one keeps is that of the stage before; the new head
    `3fc_ft` starts as the box head and that classifier. Their other weights are new. Nothing is
    copied for other classifiers, nor where the stage before had one of the same kind. In a cascade
    that is so for the classifier of each of its stages.

    Args:
        classifier: Of the new stage.
        before: The neutral names of all weights of the stage before.

    Returns:
        Name before by own name.
    """
    match classifier:
        case Double():
            kept = "first."
        case Calibrated():
            kept = "original."
        case _:
            return {}
    copies: dict[str, str] = {}
    for number in _box_stages(before):
        own, box_head = f"{CLASSIFIER}{number}", f"{BOX_HEAD}{number}"
        if any(name.startswith(f"{own}{kept}") for name in before):
            return {}
        copies |= _moved(before, own, f"{own}{kept}")
        if isinstance(classifier, Calibrated) and classifier.head == "3fc_ft":
            copies |= _moved(before, own, f"{own}new.")
            copies |= _moved(before, box_head, f"{own}new.hidden.")
    return copies


def _box_stages(names: Collection[str]) -> list[str]:
    """What follows the prefixes in the names of each stage: `0.`, `1.`; nothing for one alone."""
    numbered = re.compile(re.escape(CLASSIFIER) + r"(\d+\.)")
    found = {match[1] for name in names if (match := numbered.match(name))}
    return sorted(found) or [""]


def _moved(names: Collection[str], old: str, new: str) -> dict[str, str]:
    """Names that begin with `old`, by what they are with `new` in its place."""
    return {new + name.removeprefix(old): name for name in names if name.startswith(old)}


def take_over(
    engine: Engine,
    weights: Mapping[str, Tensor],
    parts_before: Mapping[str, Collection[str]],
    recreate: Collection[Part],
    classifier: Classifier,
) -> None:
    """Load the weights of the stage before; re-created parts keep those they were built with.

    Args:
        engine: The new stage's model.
        weights: The old stage's weights by neutral name.
        parts_before: The names of each part in `weights`.
        recreate: Parts that start anew.
        classifier: Of the new stage; see `copied_names` for what it inherits.

    Raises:
        ValueError: Outside those parts, a weight is missing, unknown or of another shape.
    """
    own, parts = engine.state_dict(), part_names(engine)
    copies = {} if "classifier" in recreate else copied_names(classifier, weights)
    replaced = {*recreate, "classifier"} if copies else set(recreate)
    new = {name for part in replaced for name in parts[part]} - copies.keys()
    dropped = {name for part in replaced for name in parts_before[part]}
    taken = {name: value for name, value in weights.items() if name not in dropped}
    taken |= {name: weights[before] for name, before in copies.items()}
    expected = {name: value for name, value in own.items() if name not in new}
    wrong = sorted(
        name
        for name in taken.keys() | expected.keys()
        if _shape(taken, name) != _shape(expected, name)
    )
    if wrong:
        name = wrong[0]
        raise ValueError(
            f"{len(wrong)} weights of the stage before do not fit, first {name}:"
            f" {_shape(taken, name)} there, {_shape(expected, name)} here;"
            " name its part in `recreate`, or keep the detector of the stage before"
        )
    engine.load_state_dict({**own, **taken}, strict=True)


def _shape(weights: Mapping[str, Tensor], name: str) -> str:
    return f"shape {tuple(weights[name].shape)}" if name in weights else "absent"
