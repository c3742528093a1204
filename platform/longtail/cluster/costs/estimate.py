"""Everything a dry run knows of cost: what is stated, what is measured, what can be counted."""

from collections.abc import Mapping
from pathlib import Path

from longtail.cluster.costs.finished import finished_nodes
from longtail.cluster.costs.paces import Paces
from longtail.cluster.costs.rows import RowCost, row_costs
from longtail.cluster.costs.sizes import checkpoint_bytes
from longtail.cluster.nodes.plan import Plan
from longtail.cluster.nodes.settings import WorkerResources
from longtail.cluster.nodes.statuses import NodeStatuses
from longtail.data.lvis.annotations import open_annotations


def estimate_costs(
    plan: Plan,
    statuses: NodeStatuses,
    stated: Mapping[str, float],
    resources: WorkerResources,
    runs: Path,
) -> list[RowCost]:
    """What each row of a plan costs.

    Args:
        plan: The rows.
        statuses: How their nodes stand.
        stated: Images a second of one worker in training, by row.
        resources: What a node occupies.
        runs: The runs folder, absolute, whose finished nodes are measured.

    Raises:
        ValueError: A detector cannot be built.
    """
    checkpoints = checkpoint_bytes(plan, resources.workers)
    paces = Paces(stated, finished_nodes(runs), on_gpu=resources.gpus > 0)
    data = plan.data
    num_images = {
        data.val_digest: open_annotations(data.val).num_images,
        data.train_digest: open_annotations(data.train).num_images,
        **{file.identity: file.annotations().num_images for file in data.also},
    }
    return row_costs(plan, statuses, paces, checkpoints, num_images, resources.workers)
