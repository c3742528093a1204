"""Rows of a table that are merges of other rows of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from longtail.cluster.nodes.node import Node

FITTED, OTHER_HALF = "fitted", "other_half"
"""In the summary of a merge with score maps: the half they were fitted on, and in it AP of the
other."""


class MergeMember(Protocol):
    """A member, as a merge names it."""

    @property
    def name(self) -> str:
        """What the merge calls it; the order of names decides between equal scores."""

    @property
    def row(self) -> str:
        """The variant, or the finished result, that it is a row of."""

    @property
    def seed(self) -> int | None:
        """That of the row; None for the row of the same seed as the merge."""


class RowMerge(Protocol):
    """A merge, before its members are there."""

    @property
    def name(self) -> str:
        """What tables call it."""

    @property
    def members(self) -> Sequence[MergeMember]:
        """Its members by name."""

    @property
    def digests(self) -> Mapping[str, str]:
        """Of the files that it reads besides its members, by role."""

    def identity(self, exhaustive: bool) -> Mapping[str, Any]:
        """All that decides about its detections besides members and files, as a JSON tree."""

    def params(self) -> Mapping[str, Any]:
        """The same for people, by dotted path."""

    def merge(
        self, stores: Mapping[str, Path], val: Path, directory: Path, exhaustive: bool
    ) -> tuple[Sequence[Path], Mapping[str, Any]]:
        """Make the prediction store `directory / "predictions"` and what belongs to it.

        What an interrupted call left there is used again or replaced.

        Args:
            stores: Of the members by name.
            val: The annotations, absolute.
            directory: The node's, absolute.
            exhaustive: Every category is labelled in every image.

        Returns:
            The files that the node vouches for, and its summary.

        Raises:
            BadInputError: A member cannot be merged.
            ValueError: The options do not go with the members.
        """


class MemberRow(Protocol):
    """A row that a merge may take: of a variant, or of a finished result."""

    @property
    def variant_name(self) -> str:
        """What `MergeMember.row` names."""

    @property
    def predictions(self) -> Node:
        """Its prediction set."""

    @property
    def seed(self) -> int | None:
        """That of the grid; None where it has none of it."""


@dataclass(frozen=True)
class MergeRow:
    """One line of the result table: other rows, merged and evaluated.

    Attributes:
        name: The merge's name, with the seed where there are several.
        merge: What is done with the members.
        members: The prediction nodes of the members by the merge's names for them.
        predictions: The merged detections.
        evaluation: What the row shows.
        seed: Of the members; None where they have none, or the merge names seeds itself.
        in_process: All members are finished results, so that it needs no cluster either.
    """

    name: str
    merge: RowMerge
    members: Mapping[str, Node]
    predictions: Node
    evaluation: Node
    seed: int | None = None
    in_process: bool = False

    @property
    def variant_name(self) -> str:
        """Without the seed."""
        return self.merge.name

    def own_nodes(self) -> tuple[Node, ...]:
        """Those that no member has."""
        return (self.predictions, self.evaluation)

    def nodes(self) -> tuple[Node, ...]:
        """Its nodes and those of its members, each after those it needs."""
        needed = {of.id: of for node in self.members.values() for of in _with_parents(node)}
        return (*needed.values(), *self.own_nodes())


def merge_node(
    label: str,
    identity: Mapping[str, Any],
    members: Mapping[str, Node],
    images: str,
    digests: Mapping[str, str],
    seed: int,
) -> Node:
    """The node that merges prediction sets.

    Args:
        label: Name of the row.
        identity: What decides about its detections.
        members: The prediction sets by name.
        images: Digest of the annotation file that lists the images.
        digests: Of other files that it reads, by role.
        seed: Of the members; 0 where they have none.
    """
    inputs = {f"member.{name}": node.id for name, node in members.items()}
    parents = tuple({node.id: node for node in members.values()}.values())
    config = {"merge": dict(identity)}
    of = {**inputs, **digests, "images": images}
    return Node("predictions", f"{label} predictions", config, of, seed, parents)


def seeds_of(merge: RowMerge, rows: Sequence[MemberRow]) -> list[int | None]:
    """One merge for each of these: the seeds that its members are there with, or None alone, where
    they have none or the merge names seeds itself.

    Args:
        merge: The merge.
        rows: Of the table.
    """
    if any(member.seed is not None for member in merge.members):
        return [None]
    names = {member.row for member in merge.members}
    found = [row.seed for row in rows if row.variant_name in names and row.seed is not None]
    return list(dict.fromkeys(found)) or [None]


def members_of(merge: RowMerge, rows: Sequence[MemberRow], seed: int | None) -> dict[str, Node]:
    """The prediction sets of a merge's members by its names for them.

    Args:
        merge: The merge.
        rows: Of the table.
        seed: The merge's own; None where it has none.

    Raises:
        ValueError: A member is no row, or not one alone.
    """
    return {member.name: _row_of(merge, member, rows, seed) for member in merge.members}


def _row_of(
    merge: RowMerge, member: MergeMember, rows: Sequence[MemberRow], seed: int | None
) -> Node:
    named = [row for row in rows if row.variant_name == member.row]
    if not named:
        known = ", ".join(dict.fromkeys(row.variant_name for row in rows))
        raise ValueError(
            f"merge {merge.name}: {member.row} is no row to merge, there are {known} (merges are"
            f" none of them); name it with --variants, or give its result with --pred"
            f" {member.row}=PATH"
        )
    wanted = seed if member.seed is None else member.seed
    found = [row for row in named if row.seed == wanted]
    if not found and member.seed is None:
        # Of no seed, or of one alone where the merge names seeds of others.
        found = [row for row in named if row.seed is None] or named
    if len(found) == 1:
        return found[0].predictions
    seeds = ", ".join(str(row.seed) for row in named if row.seed is not None) or "none"
    asked = f"has no seed {wanted}" if wanted is not None else "is there with several seeds"
    raise ValueError(
        f"merge {merge.name}: {member.row} {asked}, its seeds are {seeds}; name one of them, as"
        f" {member.row}@SEED"
    )


def _with_parents(node: Node) -> list[Node]:
    return [*(of for parent in node.parents for of in _with_parents(parent)), node]
