"""What a dry run prints: every node, whether it is finished, and how much work it would be."""

from collections.abc import Iterable, Sequence

from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.plan import Plan
from longtail.cluster.nodes.statuses import NodeStatus, NodeStatuses, shared_trunk
from longtail.cluster.nodes.trained_node import SOUP
from longtail.commands import output_console
from longtail.config.augmentations import Augmentation
from longtail.config.mixing import Mixing
from longtail.config.stages import Stage
from longtail.config.variant import Data
from longtail.data.lvis.annotations import open_annotations
from longtail.data.sampling.build import images_per_epoch
from longtail.printed_table import Column, PrintedTable, number_columns, text_columns, word_columns

GROUPS = ("r", "c", "f")
COLUMNS: list[Column] = [
    *word_columns("node"),
    *text_columns("what"),
    *word_columns("state"),
    *text_columns("iterations x images"),
    *number_columns("images an epoch, r / c / f"),
]


def print_plan(plan: Plan, statuses: NodeStatuses) -> None:
    """One line per node: what it is, whether it is there, and how much work it would be.

    A training shows what its sampler and its mixes of pictures make of the long tail: see
    `images_per_epoch`.
    """
    table = PrintedTable(f"grid {plan.id}", COLUMNS)
    shown = _images_per_epoch(plan, [item.node for item in statuses.values()])
    for item in statuses.values():
        state = "finished" if item.found else "to run"
        images = shown.get(item.node.id, "")
        table.add(item.node.id, item.node.label, state, _work(item), images)
    console = output_console()
    console.print(table)
    if any(item.node.kind == "stage" and _mixes(_stage(item.node)) for item in statuses.values()):
        console.print("images an epoch: those that are mixed into others count, too")
    trainings = [item.node for item in statuses.values() if item.node.kind == "stage"]
    for node in trainings:
        if SOUP not in node.config and (fault := _stage(node).slow_average):
            console.print(f"warning: {node.label}: {fault}", highlight=False, soft_wrap=True)
    waiting = sum(not item.found for item in statuses.values())
    asked = sum(len(row.nodes()) for row in plan.all_rows)
    console.print(
        f"{_counted(len(plan.all_rows), 'row')}, {_counted(len(statuses), 'node')}"
        f" ({asked - len(statuses)} shared), {waiting} to run{_saved(statuses.values())}",
        highlight=False,
    )


def _work(item: NodeStatus) -> str:
    if SOUP in item.node.config:
        return f"mean of {len(item.node.config[SOUP])}"
    if "merge" in item.node.config:
        return f"merge of {len(item.node.parents)}"
    if item.node.kind != "stage":
        return "import" if item.node.kind == "predictions" and not item.node.parents else ""
    schedule = _stage(item.node).schedule
    work = f"{schedule.iterations:,} x {schedule.images_per_step}"
    return f"{work}, {shared_trunk(len(item.in_pass))}" if item.in_pass else work


def _saved(statuses: Iterable[NodeStatus]) -> str:
    """How many trainings need no pass over the data of their own."""
    trainings = [item for item in statuses if item.node.kind == "stage" and not item.found]
    passes = sum(item.leads for item in trainings)
    if passes == len(trainings):
        return ""
    saved = len(trainings) - passes
    runs = "1 run" if saved == 1 else f"{saved} runs"
    return f"; {len(trainings)} trainings in {passes} passes over the data: {runs} saved"


def _images_per_epoch(plan: Plan, nodes: Sequence[Node]) -> dict[str, str]:
    """Of each training from this training file, by its id."""
    train = plan.data.train_digest
    learning = [of for of in nodes if of.kind == "stage" and of.inputs["train"] == train]
    if not learning:
        return {}
    annotations = open_annotations(plan.data.train)
    cells: dict[tuple[str, ...], str] = {}
    shown = {}
    for node in learning:
        if SOUP in node.config:
            continue
        stage, data = _stage(node), Data.model_validate(node.config["data"])
        sampler, mixes = stage.sampler, _mixes(stage)
        key = tuple(part.fingerprint() for part in (data, sampler, *mixes))
        if key not in cells:
            use_empty = data.use_images_without_annotations
            of_groups = images_per_epoch(annotations, sampler, use_empty, 0, mixes)
            cells[key] = " / ".join(_number(of_groups.get(letter)) for letter in GROUPS)
        shown[node.id] = cells[key]
    return shown


def _number(mean: float | None) -> str:
    return "-" if mean is None else f"{mean:.1f}"


def _mixes(stage: Stage) -> list[Augmentation]:
    return [item for item in stage.augmentations if isinstance(item, Mixing)]


def _stage(node: Node) -> Stage:
    return Stage.model_validate(node.config["stages"][-1])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
