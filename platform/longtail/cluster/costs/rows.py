"""Hours, bytes and memory of each row of a plan, and what its rows have in common."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from longtail.cluster.costs.finished import FinishedNode
from longtail.cluster.costs.paces import Pace, Paces
from longtail.cluster.costs.sizes import prediction_bytes
from longtail.cluster.costs.work import images_of, likeness, stage_images, stage_of
from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.plan import Plan, Row
from longtail.cluster.nodes.statuses import NodeStatus, NodeStatuses


@dataclass(frozen=True)
class Hours:
    """Hours of one worker.

    Attributes:
        known: Of the nodes whose pace is known.
        num_unknown: Nodes that go through images at a pace that nobody knows.
        is_bound: It is not more than that.
    """

    known: float = 0.0
    num_unknown: int = 0
    is_bound: bool = False

    def __add__(self, other: "Hours") -> "Hours":
        return Hours(
            self.known + other.known,
            self.num_unknown + other.num_unknown,
            self.is_bound or other.is_bound,
        )


@dataclass(frozen=True)
class RowCost:
    """What a row costs.

    Attributes:
        name: Of the row.
        alone: If nothing were there and nothing shared.
        to_run: Of nodes that are not there and that no row above has.
        shared: Of nodes that rows above have, and that are to run there.
        in_passes: Of trainings that ride on a pass over the data which is counted elsewhere.
        found: Of nodes that are there, when they were to be done again.
        chain: Of its nodes that are not there, one after the other.
        num_bytes: That its nodes to run will leave.
        peak: Finished training like its own, that had most memory; None without one.
        paces: By which the hours were counted.
    """

    name: str
    alone: Hours
    to_run: Hours
    shared: Hours
    in_passes: Hours
    found: Hours
    chain: Hours
    num_bytes: int
    peak: FinishedNode | None
    paces: tuple[Pace, ...] = field(default=(), repr=False)


def row_costs(
    plan: Plan,
    statuses: NodeStatuses,
    paces: Paces,
    checkpoints: Mapping[str, int],
    num_images: Mapping[str, int],
    workers: int,
) -> list[RowCost]:
    """What each row that is trained or predicted costs; every node counts where it comes first.

    Args:
        plan: The rows.
        statuses: How their nodes stand.
        paces: What is known of paces.
        checkpoints: Bytes by the id of a training; those that are missing count nothing.
        num_images: See `images_of`.
        workers: Of a node.
    """
    counted: set[str] = set()
    costs = []
    for row in plan.rows:
        costs.append(_row(row, statuses, paces, checkpoints, num_images, workers, counted))
        counted |= {node.id for node in row.nodes()}
    return costs


def total(hours: Iterable[Hours]) -> Hours:
    """The sum."""
    return reduce(Hours.__add__, hours, Hours())


def _row(
    row: Row,
    statuses: NodeStatuses,
    paces: Paces,
    checkpoints: Mapping[str, int],
    num_images: Mapping[str, int],
    workers: int,
    counted: set[str],
) -> RowCost:
    working = [node for node in row.nodes() if images_of(node, num_images)]
    used = {node.id: paces.of(likeness(node), row.variant_name) for node in working}
    hours = {node.id: _hours(images_of(node, num_images), used[node.id]) for node in working}
    places: dict[str, list[Hours]] = {}
    for node in working:
        place = _place(statuses[node.id], node.id in counted)
        places.setdefault(place, []).append(hours[node.id])
    new = [of for of in row.nodes() if not statuses[of.id].found and of.id not in counted]
    return RowCost(
        name=row.name,
        alone=total(hours.values()),
        **{name: total(places.get(name, ())) for name in PLACES},
        chain=total(hours[node.id] for node in working if not statuses[node.id].found),
        num_bytes=sum(_bytes(of, row, checkpoints, num_images, paces.finished) for of in new),
        peak=_peak(row.stages, paces, workers),
        paces=tuple(pace for pace in used.values() if pace is not None),
    )


PLACES = ("to_run", "shared", "in_passes", "found")


def _place(status: NodeStatus, is_counted: bool) -> str:
    if status.found:
        return "found"
    if is_counted:
        return "shared"
    return "to_run" if status.leads else "in_passes"


def _hours(images: int, pace: Pace | None) -> Hours:
    if pace is None:
        return Hours(num_unknown=1)
    return Hours(images / pace.images_per_second / 3600, is_bound=pace.is_bound)


def _bytes(
    node: Node,
    row: Row,
    checkpoints: Mapping[str, int],
    num_images: Mapping[str, int],
    finished: Sequence[FinishedNode],
) -> int:
    if node.kind == "stage":
        return checkpoints.get(node.id, 0)
    if node.kind == "predictions":
        images = num_images[node.inputs["images"]]
        return prediction_bytes(images, row.inference_of(node), finished)
    return 0


def _peak(stages: Sequence[Node], paces: Paces, workers: int) -> FinishedNode | None:
    """Of finished trainings of these networks, with as many images a worker and no more frozen."""
    alike = []
    for stage in (node for node in stages if stage_images(node)):
        own, images = likeness(stage), stage_of(stage.config).schedule.images_per_step // workers
        alike += [
            of
            for of in paces.finished
            if (of.likeness.kind, of.likeness.detector) == (own.kind, own.detector)
            and of.likeness.frozen <= own.frozen
            and of.images_per_worker == images
            and of.on_gpu == paces.on_gpu
            and of.peak_bytes is not None
        ]
    return max(alike, key=lambda of: (of.peak_gpu_bytes or 0, of.peak_bytes or 0), default=None)
