"""Rows of a grid that predict with a finished training, and train nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from longtail.cluster.nodes.trained_node import DECLARED, INFERENCE, TrainedNode
from longtail.cluster.trained import NODE_ID, find_trained_node
from longtail.path_options import shared_path
from longtail.problems import BadInputError

CHANGEABLE = (INFERENCE, *DECLARED)
"""Fields of a variant that train nothing."""


def find_training(option: str, word: str, runs: Path) -> TrainedNode:
    """The training that a word of `--variants` names.

    Args:
        option: The words of the command line to begin an error with.
        word: The id of its node, or the path of its folder or of a row's.
        runs: The runs folder.

    Raises:
        BadInputError: There is none in the runs folder.
        ValueError: A submitted job cannot find it.
    """
    if not NODE_ID.fullmatch(word):
        shared_path(Path(word))
    try:
        return find_trained_node(word, runs)
    except BadInputError as error:
        raise BadInputError(f"{option}: {error}") from None


def with_test_time_settings(trained: TrainedNode, changes: Mapping[str, Any]) -> TrainedNode:
    """The training with other test-time settings.

    Raises:
        ValueError: A change would have to be trained.
    """
    before = trained.variant
    after = before.override(changes)
    kept = {field: getattr(before, field) for field in CHANGEABLE}
    if after.replace(**kept) != before:
        paths = [before.whole_path(path) for path in changes]
        wrong = next(path for path in paths if path.partition(".")[0] not in CHANGEABLE)
        raise ValueError(
            f"--set {wrong}: {trained.node.id} is a finished training, of which only test-time"
            f" settings (inference.*) can change; set it for other rows alone, as ROW:{wrong}=...,"
            " or name the variant to train it anew"
        )
    return trained.with_variant(after)
