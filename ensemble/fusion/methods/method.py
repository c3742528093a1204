"""What a fusion method is: a value that says what it does with detections, and runs it.

D detections of one block in fusing order, S groups of one image and category, C clusters. Nothing
here needs numpy or compiled code, so that usage texts and usage errors come at once; the `run` of a
method imports what it runs on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble.fusion.choices import Decay, Mask, MethodSettings

if TYPE_CHECKING:
    from ensemble.fusion.sorted_rows import FoundClusters, SortedRows


@dataclass(frozen=True)
class FusionMethod:
    """One way of making objects of the detections of an image and category.

    Attributes:
        name: What `--method` calls it.
        title: What its help calls it.
        run: Finds the clusters of sorted rows.
        parameters: The fields `iou_thr`, `first_iou_thr` and `sigma` that it reads, by the decay of
            soft-NMS.
        default_iou_threshold: The `iou_thr` where none is given.
        default_mask: The mask of an object where none is asked for.
        averages: Whether boxes and scores of members are averaged, and scores go by how many of
            the sources agree. If not, an object has those of its best member, and the weights of
            sources count relative to the largest, so that no score can pass 1.
        may_vote: Whether objects have several members, which can vote on their mask.
        for_one_source: Name of the method that is used if there is one source only; None is itself.
    """

    name: str
    title: str
    run: "Callable[[SortedRows, MethodSettings], FoundClusters]"
    parameters: Callable[[Decay], frozenset[str]]
    default_iou_threshold: float = 0.5
    default_mask: Mask = "best"
    averages: bool = False
    may_vote: bool = True
    for_one_source: str | None = None


def decay_parameter(decay: Decay) -> str:
    """The field that a decay of soft-NMS reads."""
    return "sigma" if decay == "gaussian" else "iou_thr"
