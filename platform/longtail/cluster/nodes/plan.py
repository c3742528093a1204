"""From variants to nodes: the tree of stage prefixes, with every shared node once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from longtail.cluster.nodes.detector_files import digests_of_files
from longtail.cluster.nodes.merge_row import (
    MergeRow,
    RowMerge,
    members_of,
    merge_node,
    seeds_of,
)
from longtail.cluster.nodes.node import (
    Node,
    evaluation_node,
    predictions_node,
    result_node,
    stage_node,
)
from longtail.cluster.nodes.pseudo_labels import pseudo_labels_node
from longtail.cluster.nodes.result_row import ResultFile, ResultRow
from longtail.cluster.nodes.trained_node import TrainedNode
from longtail.config.base import fingerprint
from longtail.config.roi_stages import SemanticBranch, semantic_branch_of
from longtail.config.variant import Inference, Variant
from longtail.data.joining.also_file import AlsoFile
from longtail.data.joining.other_data import require_given
from longtail.data.semantic.maps import SemanticMaps

RESAMPLES = 1000


@dataclass(frozen=True)
class DataFiles:
    """The files a grid works on.

    Attributes:
        train: Annotations to learn from; those of `val` where nothing is trained.
        val: Annotations to predict and evaluate.
        images: Folder that holds the pictures of both.
        train_digest: SHA-256 of `train` in hex.
        val_digest: SHA-256 of `val` in hex.
        exhaustive: Every category is labelled in every image.
        semantic: PNGs of classes of the images of `train`; None where none are given.
        also: Other files that stages may name.
    """

    train: Path
    val: Path
    images: Path
    train_digest: str
    val_digest: str
    exhaustive: bool = False
    semantic: SemanticMaps | None = None
    also: tuple[AlsoFile, ...] = ()


@dataclass(frozen=True)
class Row:
    """One line of the result table: a variant with a seed, and the chain of its nodes.

    Attributes:
        name: The variant's name, with the seed where there are several.
        variant_name: The variant's name alone.
        variant: The configuration, with the row's seed.
        stages: The training nodes; of a row that names a finished training that one alone.
        predictions: What is predicted with the last stage.
        evaluation: What the row shows.
        pseudo_labels: What its stages learn from besides, each before the stage that does.
        is_found: It names a finished training, which is never trained here; the seeds of the grid
            are none of its.
    """

    name: str
    variant_name: str
    variant: Variant
    stages: tuple[Node, ...]
    predictions: Node
    evaluation: Node
    is_found: bool = False
    pseudo_labels: tuple[Node, ...] = ()

    @property
    def seed(self) -> int | None:
        """That of the grid; None for a finished training."""
        return None if self.is_found else self.variant.seed

    @property
    def views(self) -> tuple[Node, ...]:
        """The predictions that its own unite; none where they see every image once."""
        return tuple(of for of in self.predictions.parents if of.kind == "predictions")

    def nodes(self) -> tuple[Node, ...]:
        """Its nodes, each after those it needs."""
        return (
            *self.before_last_stage(),
            self.stages[-1],
            *self.views,
            self.predictions,
            self.evaluation,
        )

    def inference_of(self, node: Node) -> Inference:
        """The test-time settings of its predictions, or of one of the views."""
        if node.id == self.predictions.id:
            return self.variant.inference
        of_views = zip(self.views, self.variant.inference.views(), strict=True)
        return next(inference for view, inference in of_views if view.id == node.id)

    def before_last_stage(self) -> tuple[Node, ...]:
        """The nodes that its last stage needs, each after those it needs."""
        *earlier, last = self.stages
        needed = [
            node
            for stage in (*earlier, last)
            for node in (*(of for of in self.pseudo_labels if of in stage.parents), stage)
        ]
        return tuple(needed[:-1])


TableRow = Row | ResultRow | MergeRow


@dataclass(frozen=True)
class Plan:
    """The rows of a grid over one data set.

    Attributes:
        rows: Those that are trained and predicted.
        data: What they are trained and evaluated on.
        results: Finished results, which are evaluated alone.
        merges: Of the rows above.
    """

    rows: tuple[Row, ...]
    data: DataFiles
    results: tuple[ResultRow, ...] = ()
    merges: tuple[MergeRow, ...] = ()

    @property
    def id(self) -> str:
        """Twelve hex digits that name the set of rows: the same grid again has the same id."""
        return fingerprint(sorted(row.evaluation.id for row in self.all_rows))

    @property
    def all_rows(self) -> tuple[TableRow, ...]:
        """All lines of the table: trained ones, results, merges."""
        return (*self.rows, *self.results, *self.merges)

    def nodes(self) -> list[Node]:
        """Every node once, each after those it needs."""
        return list({node.id: node for row in self.all_rows for node in row.nodes()}.values())

    def row_of(self, node: Node) -> Row:
        """The first trained row that needs the node: where its configuration is looked up."""
        return next(row for row in self.rows if any(own.id == node.id for own in row.nodes()))

    def merge_of(self, node: Node) -> MergeRow | None:
        """The merge whose own node it is; None for a node of another row."""
        found = (m for m in self.merges if any(own.id == node.id for own in m.own_nodes()))
        return next(found, None)


def make_plan(
    variants: Mapping[str, Variant | TrainedNode],
    seeds: Sequence[int],
    data: DataFiles,
    resamples: int = RESAMPLES,
    results: Sequence[ResultFile] = (),
    merges: Sequence[RowMerge] = (),
) -> Plan:
    """Lay out the nodes of every variant under every seed, of every finished result and merge.

    Args:
        variants: Configurations by name, where each seed replaces their own, and finished trainings
            that are predicted with as they are.
        seeds: Seeds; one given twice counts once.
        data: What is trained and evaluated on.
        resamples: Resamples of the images for the intervals of every evaluation; 0 for none.
        results: Under names that no variant has.
        merges: Of these rows, under names that none of them has; one for each seed of its members.

    Raises:
        ValueError: Two variants, results or merges are equal: their rows would be one; a semantic
            branch has no PNGs of classes, or others than it says; a stage names a file that is not
            given; a member of a merge is no row.
    """
    rows = tuple(_rows(variants, seeds, data, resamples))
    _check_different(
        rows,
        "variants {} and {} are the same configuration; leave one out, or check what --set changed",
    )
    finished = tuple(_result_row(result, data, resamples) for result in results)
    _check_different(finished, "--pred {} and {} are the same detections; leave one out")
    merged = tuple(
        _merge_row(merge, (*rows, *finished), seed, data, resamples)
        for merge in merges
        for seed in seeds_of(merge, (*rows, *finished))
    )
    _check_different(merged, "merges {} and {} are the same; leave one out")
    return Plan(rows, data, finished, merged)


def _check_different(rows: Sequence[TableRow], message: str) -> None:
    seen: dict[str, str] = {}
    for row in rows:
        other = seen.setdefault(row.evaluation.id, row.name)
        if other != row.name:
            raise ValueError(message.format(other, row.name))


def _result_row(result: ResultFile, data: DataFiles, resamples: int) -> ResultRow:
    predictions = result_node(result.name, result.digest, data.val_digest, result.options)
    return ResultRow(result, predictions, _evaluation(result.name, predictions, data, resamples))


def _merge_row(
    merge: RowMerge,
    rows: Sequence[Row | ResultRow],
    seed: int | None,
    data: DataFiles,
    resamples: int,
) -> MergeRow:
    seeds = {row.seed for row in rows if row.seed is not None}
    name = merge.name if seed is None or len(seeds) == 1 else f"{merge.name} seed {seed}"
    members = members_of(merge, rows, seed)
    predictions = merge_node(
        name,
        merge.identity(data.exhaustive),
        members,
        data.val_digest,
        merge.digests,
        seed=seed or 0,
    )
    evaluation = _evaluation(name, predictions, data, resamples)
    finished = all(not node.parents for node in members.values())
    return MergeRow(name, merge, members, predictions, evaluation, seed, finished)


def _evaluation(name: str, predictions: Node, data: DataFiles, resamples: int) -> Node:
    return evaluation_node(
        name, data.val_digest, predictions, resamples, exhaustive=data.exhaustive
    )


def _rows(
    variants: Mapping[str, Variant | TrainedNode],
    seeds: Sequence[int],
    data: DataFiles,
    resamples: int,
) -> Iterator[Row]:
    for name, base in variants.items():
        if isinstance(base, TrainedNode):
            yield _found_row(name, base, data, resamples)
            continue
        for seed in dict.fromkeys(seeds):
            label = name if len(seeds) == 1 else f"{name} seed {seed}"
            yield _row(label, name, base.replace(seed=seed), data, resamples)


def _row(name: str, variant_name: str, variant: Variant, data: DataFiles, resamples: int) -> Row:
    inputs = {"train": data.train_digest, **digests_of_files(variant.detector)}
    if branch := semantic_branch_of(variant.detector.roi_stages):
        inputs["semantic"] = _maps_of(name, branch, data).digest
    for number, stage in enumerate(variant.stages):
        require_given(f"{name}: stages.{number}", stage, [file.name for file in data.also])
    also = {file.name: file.identity for file in data.also}
    stages: list[Node] = []
    made: list[Node] = []
    for number, stage in enumerate(variant.stages):
        parent = stages[-1] if stages else None
        # The first stage has none: nothing is before it.
        labels = [
            pseudo_labels_node(of, name, stages[-1], data.train_digest, also)
            for of in stage.pseudo_labels
        ]
        of = variant, number, name, inputs, parent
        stages.append(stage_node(*of, exhaustive=data.exhaustive, also=also, pseudo_labels=labels))
        made += labels
    predictions = predictions_node(variant.inference, name, data.val_digest, stages[-1])
    evaluation = _evaluation(name, predictions, data, resamples)
    return Row(
        name,
        variant_name,
        variant,
        tuple(stages),
        predictions,
        evaluation,
        pseudo_labels=tuple(made),
    )


def _found_row(name: str, trained: TrainedNode, data: DataFiles, resamples: int) -> Row:
    node, variant = trained.node, trained.variant
    predictions = predictions_node(variant.inference, name, data.val_digest, node)
    evaluation = _evaluation(name, predictions, data, resamples)
    return Row(name, name, variant, (node,), predictions, evaluation, is_found=True)


def _maps_of(name: str, branch: SemanticBranch, data: DataFiles) -> SemanticMaps:
    if data.semantic is None:
        raise ValueError(
            f"--semantic: {name} has detector.roi_stages.semantic, which learns from a PNG of"
            " classes for each training image; name their folder with --semantic, or set"
            " detector.roi_stages.semantic=null"
        )
    data.semantic.check(branch)
    return data.semantic
