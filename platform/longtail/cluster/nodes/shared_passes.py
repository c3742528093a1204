"""Which training nodes go through the data together: those over the same frozen trunk."""

from collections import defaultdict
from collections.abc import Iterable

from longtail.cluster.nodes.node import Node
from longtail.config.base import fingerprint
from longtail.config.detector import Detector
from longtail.config.stages import Stage
from longtail.config.trunk import shares_rois, trunk_of


def shared_passes(nodes: Iterable[Node]) -> list[tuple[Node, ...]]:
    """Groups of two or more nodes that one pass over the data can train: see `trunk_of`.

    Args:
        nodes: Those that are still to be trained; other kinds are left out.
    """
    groups: dict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        key = _trunk_key(node)
        if key is not None:
            groups[key].append(node)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def _trunk_key(node: Node) -> str | None:
    """What nodes of one pass agree in; None for one that is trained alone."""
    if node.kind != "stage" or not node.parents:
        return None
    trunk = trunk_of(Stage.model_validate(node.config["stages"][-1]))
    if trunk is None or not shares_rois(Detector.model_validate(node.config["detector"])):
        return None
    # The parent's identity holds the detector, the data's settings and the stages before.
    parents = [parent.id for parent in node.parents]
    origin = {"parents": parents, "inputs": dict(node.inputs), "seed": node.seed}
    return fingerprint({"trunk": trunk, **origin})
