"""A finished training by what people have of it: a row of a grid, a node, or a checkpoint."""

import json
from dataclasses import dataclass
from pathlib import Path

from longtail.cluster.nodes.ledger import NODE, read_record, read_result
from longtail.cluster.results.evaluation_files import VARIANT
from longtail.config.variant import Variant
from longtail.problems import BadInputError
from longtail.training.checkpoints import final_checkpoint


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
            has test-time settings at their defaults.

    Raises:
        BadInputError: It is none of these, it is not finished, or a file of it cannot be read.
    """
    if (path / "state.json").is_file():
        # checkpoints/step-... of a node
        return Trained(path, _read(variant) if variant else _of_node(path.resolve().parents[1]))
    if (path / NODE).is_file():
        known = _read(variant) if variant else _of_node(path)
        return Trained(final_checkpoint(path, known.stages[-1].schedule.iterations), known)
    if (path / "training").is_dir():
        return find_trained(path / "training", variant or _of_row(path / "evaluation"))
    raise BadInputError(
        f"{path}: neither a row's folder, nor the directory of a training node or of a checkpoint;"
        " give one of these, as runs/grids/<table>/<row>"
    )


def _of_row(evaluation: Path) -> Path:
    """The variant beside an evaluation that vouches for it."""
    if (evaluation / VARIANT).is_file() and read_result(evaluation) is None:
        raise BadInputError(
            f"{evaluation}: damaged, or not finished, so {VARIANT} there cannot be trusted; run the"
            " grid again, or give the variant with --variant"
        )
    return evaluation / VARIANT


def _of_node(node: Path) -> Variant:
    try:
        record = read_record(node)
    except FileNotFoundError:
        raise BadInputError(
            f"{node}: no {NODE}, which says what was trained; give the variant with --variant"
        ) from None
    if record["kind"] != "stage":
        raise BadInputError(f"{node}: a node of {record['kind']}; give the directory of a training")
    tree = {**record["config"], "seed": record["seed"]}
    if tree["detector"].get("roi_stages", {}).get("semantic"):
        # A node does not keep what was declared; this branch cannot be without.
        tree["external_data"] = True
    return _variant(node / NODE, json.dumps(tree))


def _read(path: Path) -> Variant:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise BadInputError(
            f"{path}: no such file; a row has it once it is evaluated. Give the row's training"
            " folder for test-time settings at their defaults, or the variant with --variant"
        ) from None
    return _variant(path, text)


def _variant(path: Path, text: str | bytes) -> Variant:
    try:
        return Variant.model_validate_json(text)
    except ValueError as error:
        raise BadInputError(f"{path}: not the JSON of a variant: {error}") from None
