"""What trainings must have in common to be averaged, and in what they differ."""

from collections.abc import Mapping, Sequence
from typing import Any

from longtail.cluster.nodes.trained_node import TrainedNode
from longtail.cluster.soups.ingredients import Ingredient
from longtail.config.base import Config

CATEGORIES = ("category_ids", "image_count", "instance_count")


def check_alike(ingredients: Sequence[Ingredient]) -> None:
    """Hold detectors, last classifiers and categories against those of the first.

    Raises:
        ValueError: They differ; the field and both values are named.
    """
    first, *others = ingredients
    for other in others:
        _check_section("detector", first, other, *map(_detector, (first, other)))
        _check_section("stages.-1.classifier", first, other, *map(_classifier, (first, other)))
        for field in CATEGORIES:
            if getattr(first.checkpoint.state, field) != getattr(other.checkpoint.state, field):
                raise ValueError(
                    f"{other.id}: its {field} of the training categories is not that of {first.id};"
                    " an average needs trainings on one file of annotations"
                )


def differences(trainings: Sequence[TrainedNode]) -> list[dict[str, Any]]:
    """What differs, of each training: values by dotted path; the seed, too."""
    facts = [_facts(trained) for trained in trainings]
    paths = sorted({path for of in facts for path in of})
    differing = [path for path in paths if any(of.get(path) != facts[0].get(path) for of in facts)]
    return [{path: of[path] for path in differing if path in of} for of in facts]


def start_together(trainings: Sequence[TrainedNode]) -> bool:
    """Whether all start from the same weights: one stage before, one file, or one random draw."""
    return len({_start(trained) for trained in trainings}) == 1


def _check_section(
    path: str, first: Ingredient, other: Ingredient, before: Config, after: Config
) -> None:
    ours, theirs = before.leaves(), after.leaves()
    # What a component is comes before the fields that only it has.
    for field in sorted({*ours, *theirs}, key=lambda field: (not field.endswith("name"), field)):
        if ours.get(field) != theirs.get(field):
            raise ValueError(
                f"{path}.{field}: {theirs.get(field)} in {other.id}, and {ours.get(field)} in"
                f" {first.id}; an average needs one architecture: name trainings of one recipe"
            )


def _detector(ingredient: Ingredient) -> Config:
    """Without the files that it starts from."""
    return ingredient.trained.variant.detector.without_weights()


def _classifier(ingredient: Ingredient) -> Config:
    return ingredient.trained.variant.stages[-1].classifier


def _facts(trained: TrainedNode) -> Mapping[str, Any]:
    inputs = {f"inputs.{role}": digest[:12] for role, digest in trained.node.inputs.items()}
    return {**trained.variant.leaves(), **inputs, "stage before": _before(trained)}


def _before(trained: TrainedNode) -> str:
    return ", ".join(trained.parents) or "none"


def _start(trained: TrainedNode) -> tuple[str, ...]:
    inputs = trained.node.inputs
    if trained.parents:
        return trained.parents
    if "weights" in inputs:
        return (inputs["weights"],)
    return (f"seed {trained.node.seed}", inputs.get("backbone_weights", ""))
