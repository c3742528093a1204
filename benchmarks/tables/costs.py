"""Hours, trainings and bytes of the tables at full scale; no weight takes memory."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.tables.paces import pace_of
from experiments.variants import TABLES, VARIANTS
from longtail.cluster.costs.paces import Paces
from longtail.cluster.costs.rows import Hours, row_costs, total
from longtail.cluster.costs.sizes import KEPT, one_checkpoint
from longtail.cluster.nodes.plan import DataFiles, Plan, make_plan
from longtail.cluster.nodes.statuses import look_up
from longtail.config.variant import Variant
from longtail.data.joining.also_file import AlsoFile
from longtail.data.semantic.maps import SemanticMaps
from longtail.engines.build import build_engine
from longtail.models.category_statistics import CategoryStatistics

NOWHERE = Path("/nowhere")
DATA = DataFiles(
    NOWHERE,
    NOWHERE,
    NOWHERE,
    "a" * 64,
    "b" * 64,
    semantic=SemanticMaps(NOWHERE, "c" * 64),
    also=tuple(
        AlsoFile(name, NOWHERE, NOWHERE, digest=digit * 64)
        for name, digit in {"coco": "d", "openimages": "e", "unlabelled": "f"}.items()
    ),
)
UNLABELLED_IMAGES = 123_403
"""Of COCO's unlabeled2017."""


@dataclass(frozen=True)
class LVIS:
    """A version of the data.

    Attributes:
        name: For people.
        num_categories: K.
        num_train_images: That pseudo-labels to ignore are made of.
        num_val_images: That are predicted.
    """

    name: str
    num_categories: int
    num_train_images: int
    num_val_images: int

    def num_images(self) -> dict[str, int]:
        """See `images_of`."""
        named = {file.name: file.identity for file in DATA.also}
        return {
            DATA.train_digest: self.num_train_images,
            DATA.val_digest: self.num_val_images,
            named["unlabelled"]: UNLABELLED_IMAGES,
        }


BY_RULES = {
    "2019": LVIS("v0.5", 1230, 57_263, 5_000),
    "2020": LVIS("v1", 1203, 100_170, 19_809),
}
"""By the challenge whose rules a variant keeps."""
WORKERS = 8


def trained_rows(table: str) -> list[str]:
    """The rows of a table that are variants: merges of them take no GPU."""
    return [name for name in TABLES[table] if name in VARIANTS]


def figures_of(table: str) -> dict[str, Any]:
    """What a table costs, as JSON values.

    Args:
        table: Its name in `TABLES`.
    """
    variants = {name: _without_weights(VARIANTS[name]) for name in trained_rows(table)}
    (lvis,) = {BY_RULES[of.rules] for of in variants.values()}
    plan = make_plan(variants, (0,), DATA)
    stated = {name: pace_of(of.detector) for name, of in variants.items()}
    paces, sizes = Paces(stated, on_gpu=True), _checkpoints(plan, lvis)
    costs = row_costs(plan, look_up(plan, NOWHERE), paces, sizes, lvis.num_images(), WORKERS)
    return {
        "data": lvis.name,
        "trainings": sum(node.kind == "stage" for node in plan.nodes()),
        "gpu_hours": _json(total(cost.to_run for cost in costs)),
        "gpu_hours_alone": _json(total(cost.alone for cost in costs)),
        "longest_row_hours": max(cost.chain.known for cost in costs) / WORKERS,
        "bytes": sum(cost.num_bytes for cost in costs),
        "rows": {
            cost.name: {"images_per_second": stated[cost.name], "gpu_hours": _json(cost.alone)}
            for cost in costs
        },
    }


def _without_weights(variant: Variant) -> Variant:
    """They cost nothing, and their files need not be there."""
    return variant.replace(detector=variant.detector.without_weights())


def _checkpoints(plan: Plan, lvis: LVIS) -> Mapping[str, int]:
    counts = np.ones(lvis.num_categories, dtype=np.int64)
    statistics = CategoryStatistics.from_arrays(counts, counts)
    sizes = {}
    for row in plan.rows:
        for node, stage in zip(row.stages, row.variant.stages, strict=True):
            if node.id not in sizes:
                with torch.device("meta"):
                    of = row.variant.detector, stage.classifier, row.variant.inference
                    sizes[node.id] = KEPT * one_checkpoint(build_engine(*of, statistics), stage)
    return sizes


def _json(hours: Hours) -> dict[str, Any]:
    return asdict(hours)
