"""A finished training by what people have of it: a row of a grid, a node, or a checkpoint."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from longtail.cluster.nodes.ledger import NODE, read_result
from longtail.cluster.nodes.trained_node import TrainedNode, read_trained_node, variant_of
from longtail.cluster.results.evaluation_files import VARIANT
from longtail.config.variant import Variant
from longtail.path_options import short_path
from longtail.problems import BadInputError

NODE_ID = re.compile(r"stage-[0-9a-f]{12}")


@dataclass(frozen=True)
class Trained:
    """A trained detector.

    Attributes:
        checkpoint: Directory of the checkpoint.
        variant: What it is a checkpoint of; the last stage's classifier predicts.
    """

    checkpoint: Path
    variant: Variant


def find_trained(path: Path, variant: Path | None = None) -> Trained:
    """Find the checkpoint and the configuration.

    Args:
        path: A row's folder in `runs/grids/<table>/`, the directory of a training node, of which
            the final checkpoint is taken, or the directory of any checkpoint.
        variant: JSON of the variant. Without it a row's own is taken, or that of the node, which
            has the test-time settings of the row that asked for it first.

    Raises:
        BadInputError: It is none of these, it is not finished, or a file of it cannot be read.
    """
    # It imports torch, which those who only name a training need not wait for.
    from longtail.training.checkpoints import final_checkpoint

    if (path / "state.json").is_file():
        # checkpoints/step-... of a node
        node = path.resolve().parents[1]
        return Trained(path, _read(variant) if variant else read_trained_node(node).variant)
    if (path / NODE).is_file():
        known = _read(variant) if variant else read_trained_node(path).variant
        return Trained(final_checkpoint(path, known.stages[-1].schedule.iterations), known)
    if (path / "training").is_dir():
        return find_trained(path / "training", variant or _of_row(path / "evaluation"))
    raise BadInputError(
        f"{path}: neither a row's folder, nor the directory of a training node or of a checkpoint;"
        " give one of these, as runs/grids/<table>/<row>"
    )


def names_training(word: str) -> bool:
    """Whether a word is meant as the id of a training node, or as the path of a folder."""
    return word.startswith("stage-") or os.sep in word


def find_trained_node(word: str, runs: Path) -> TrainedNode:
    """Find a training of a runs folder; whether it is finished is not looked at.

    Args:
        word: Its id, `stage-` and 12 hex digits, the path of its folder, or that of a row of a
            grid, which has test-time settings of its own.
        runs: The runs folder, absolute.

    Raises:
        BadInputError: It is not there, is no training, or lies in another runs folder.
    """
    nodes = runs / "nodes"
    given = nodes / word if NODE_ID.fullmatch(word) else Path(word).absolute()
    row = (given / "training").is_dir()
    directory = (given / "training" if row else given).resolve()
    if not directory.is_dir():
        raise BadInputError(
            f"{word}: no such training; give the id of a node in {short_path(nodes)}, as"
            " stage-0123456789ab, the path of its folder, or runs/grids/<table>/<row>"
        )
    if directory.parent != nodes.resolve():
        raise BadInputError(
            f"{word}: is no node in {short_path(nodes)}; give --runs the folder that it was"
            " trained in"
        )
    found = read_trained_node(directory)
    return found.with_variant(_read(_of_row(given / "evaluation"))) if row else found


def _of_row(evaluation: Path) -> Path:
    """The variant beside an evaluation that vouches for it."""
    if (evaluation / VARIANT).is_file() and read_result(evaluation) is None:
        raise BadInputError(
            f"{evaluation}: damaged, or not finished, so {VARIANT} there cannot be trusted; run the"
            " grid again, or give the variant with --variant"
        )
    return evaluation / VARIANT


def _read(path: Path) -> Variant:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise BadInputError(
            f"{path}: no such file; a row has it once it is evaluated. Give the row's training"
            " folder for the test-time settings that were asked for first, or the variant with"
            " --variant"
        ) from None
    return variant_of(path, text)
