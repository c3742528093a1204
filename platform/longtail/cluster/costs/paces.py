"""How fast a node will go: as somebody stated, else as finished nodes like it did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from longtail.cluster.costs.finished import FinishedNode
from longtail.cluster.costs.work import Likeness

PREDICTION_FACTOR = 1.36
"""Images a second in prediction over those in training: detectron2's model zoo has 0.107 s an image
and 0.292 s a step of 2 images a GPU for Mask R-CNN R50-FPN on LVIS v0.5."""
EVERY_ROW = ""
STATED = "stated"


@dataclass(frozen=True)
class Pace:
    """How fast one worker goes.

    Attributes:
        images_per_second: Of one worker.
        source: `STATED`, or where it was measured.
        is_bound: It goes no slower: fewer parts were frozen where this was seen.
    """

    images_per_second: float
    source: str
    is_bound: bool = False


@dataclass(frozen=True)
class Paces:
    """What is known of paces.

    Attributes:
        stated: Images a second of one worker in training, by row; `EVERY_ROW` for the others.
        finished: Nodes that are there.
        on_gpu: Whether workers have GPUs.
    """

    stated: Mapping[str, float] = field(default_factory=dict)
    finished: Sequence[FinishedNode] = ()
    on_gpu: bool = False

    def of(self, likeness: Likeness, row: str) -> Pace | None:
        """The pace of a node; None where nothing tells.

        Measured is the median of finished nodes of the same network, kind of device and frozen
        parts, of those with the same transforms or test-time settings if there are some. Where none
        has the same parts frozen, those with most of them, and no others, are a bound.

        Args:
            likeness: Of the node.
            row: Name of its variant.
        """
        stated = self.stated.get(row, self.stated.get(EVERY_ROW))
        if stated is not None:
            factor = PREDICTION_FACTOR if likeness.kind == "predictions" else 1.0
            return Pace(stated * factor, STATED, is_bound=bool(likeness.frozen))
        paces = self._measured(likeness)
        if not paces:
            return None
        most = max(paces)
        seen = [pace for pace, _ in paces[most]]
        devices = ", ".join(dict.fromkeys(device for _, device in paces[most]))
        source = f"{_counted(len(seen), likeness.kind)} on {devices}"
        return Pace(median(seen), source, is_bound=most[0] < len(likeness.frozen))

    def _measured(self, likeness: Likeness) -> dict[tuple[int, bool], list[tuple[float, str]]]:
        """Paces and devices of nodes of the same network, by how many of the frozen parts they
        froze and whether their settings are the same."""
        found: dict[tuple[int, bool], list[tuple[float, str]]] = {}
        for node in self.finished:
            of, pace = node.likeness, node.images_per_second
            alike = (of.kind, of.detector) == (likeness.kind, likeness.detector)
            if not alike or pace is None or node.device is None or node.on_gpu != self.on_gpu:
                continue
            if of.frozen <= likeness.frozen:
                key = len(of.frozen), of.settings == likeness.settings
                found.setdefault(key, []).append((pace, node.device))
        return found


def _counted(number: int, kind: str) -> str:
    noun = "training" if kind == "stage" else "prediction set"
    return f"{number} finished {noun}{'s' if number > 1 else ''}"
