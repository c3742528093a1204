"""Which samplers and classifiers can learn from other files."""

from longtail.config.classifiers import Double
from longtail.config.stages import ClassThenImage, Stage


def check_other_data(path: str, stage: Stage) -> None:
    """Hold what a stage learns from besides against its sampler and its classifier.

    Args:
        path: Of the stage.
        stage: Whose files are named once.

    Raises:
        ValueError: A file is named twice, or one of the two cannot take what a file gives.
    """
    for field, named in (("joined", stage.joined), ("ignore", stage.ignore)):
        names = [item.file for item in named]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"{path}.{field}: {twice[0]} is named twice; leave one out")
    draws = stage.sampler
    joined = stage.all_joined
    if joined and isinstance(draws, ClassThenImage) and draws.selected_proposals:
        raise ValueError(
            f"{path}.joined: sampler class_then_image learns only from instances of the category"
            f" that a picture was drawn for, and pictures of {joined[0].file} are drawn for"
            f" none; leave it out, or set {path}.sampler.selected_proposals=false"
        )
    learning = stage.classifier
    if isinstance(learning, Double):
        learning = learning.second
    own = [item.file for item in stage.all_ignored if item.categories == "own"]
    if own and not learning.loss_for_each:
        raise ValueError(
            f"{path}.ignore: categories own leaves one category's loss of a RoI out, and"
            f" {learning.name} has one loss for all of them together; set categories=all for"
            f" {own[0]}, or train sigmoid, equalization, equalization_v2 or federated"
        )
