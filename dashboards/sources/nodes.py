"""The nodes that rows of a grid stand on, each once, found by the links of the rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from dashboards.sources.files import check_shape, tree_if_there
from dashboards.sources.found import Training
from dashboards.sources.shapes.results import JournalLine, NodeFile
from longtail.cluster.nodes.ledger import NODE, RESULT
from longtail.cluster.nodes.trained_node import SOUP
from longtail.cluster.results.named_results import file_name
from longtail.training.journal import JOURNAL, REMEDY, read_journal, read_lines

Nodes: TypeAlias = Mapping[Path, tuple[str, ...]]
"""Directories of nodes, each after those it needs, with the names of the rows that need it."""


def nodes_of_rows(grid: Path, names: Iterable[str]) -> Nodes:
    """All nodes of some rows, those of rows without a result as far as they are there.

    Args:
        grid: The grid's folder.
        names: Of its rows.
    """
    standing: dict[Path, list[str]] = {}
    for name in names:
        links = grid / file_name(name)
        ends = (links / "training", (links / "predictions").resolve().parent, links / "evaluation")
        for node in dict.fromkeys(node for end in ends for node in _chain(end.resolve())):
            standing.setdefault(node, []).append(name)
    return {node: tuple(rows) for node, rows in standing.items()}


def trainings_of(nodes: Nodes) -> tuple[Training, ...]:
    """Those of the nodes that train, finished or not; an average of trainings has no journal."""
    found = []
    for node, rows in nodes.items():
        tree = tree_if_there(node / NODE, NodeFile)
        if tree.get("kind") == "stage" and SOUP not in tree.get("config", {}):
            lines_of(node)
            records = read_journal(node / JOURNAL)
            finished = (node / RESULT).is_file()
            name = str(tree.get("label", node.name))
            found.append(Training(name, rows, node, records, tree, finished))
    return tuple(found)


def cut_journals(trainings: Iterable[Training]) -> Iterator[str]:
    """A sentence for each finished training whose journal lacks steps that it went through."""
    for training in trainings:
        if not training.finished:
            continue
        lines = lines_of(training.folder)
        wanted = [int(line["iterations"]) for line in lines if "iterations" in line]
        last = max((line["step"] for line in training.records), default=0)
        if not wanted or last < wanted[-1]:
            until = f"ends at step {last}" if last else "has no step"
            of = f" of {wanted[-1]}" if wanted and last else ""
            yield (
                f"{training.name}: the training has finished, but {training.folder / JOURNAL}"
                f" {until}{of}; its curves and times are not whole"
            )


def lines_of(node: Path) -> Sequence[Mapping[str, Any]]:
    """Every line of a node's journal.

    Raises:
        BadInputError: A line has no step, time or attempt.
    """
    lines = read_lines(node / JOURNAL)
    for number, line in enumerate(lines, 1):
        check_shape(line, JournalLine, f"{node / JOURNAL}: line {number}", REMEDY)
    return lines


def _chain(node: Path) -> Iterator[Path]:
    """A node after those it needs."""
    tree = tree_if_there(node / NODE, NodeFile)
    if not tree:
        return
    for parent in tree.get("parents", []):
        yield from _chain(node.parent / parent)
    yield node
