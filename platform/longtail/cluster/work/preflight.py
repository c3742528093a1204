"""Faults of a configuration that only building the detector shows, before Ray is asked."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from longtail.cluster.nodes.plan import Plan, Row
from longtail.config.detector import Timm
from longtail.config.stages import Stage
from longtail.config.variant import Variant
from longtail.data.lvis.annotations import open_annotations
from longtail.engines.base import Engine
from longtail.engines.build import build_engine
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.timm_pyramid import trains_on_one_picture


def check_buildable(plan: Plan, workers: int) -> None:
    """Build the detector of every stage of every row that may be trained, without memory for its
    weights.

    Args:
        plan: The rows.
        workers: That train together.

    Raises:
        ValueError: An engine, a backbone or sizes that do not fit, or norms of too few pictures;
            the row and stage are named.
    """
    for _ in built_stages(plan, workers):
        pass


def built_stages(plan: Plan, workers: int) -> Iterator[tuple[Row, int, Engine]]:
    """Every stage of every row that may be trained, with its detector on the meta device; equal
    ones are built once.

    Args:
        plan: The rows.
        workers: That train together.

    Raises:
        ValueError: As of `check_buildable`.
    """
    annotations = open_annotations(plan.data.train)
    statistics = CategoryStatistics.from_table(
        annotations.categories, annotations.num_annotated_images
    )
    built: dict[tuple[str, str], Engine] = {}
    for row in plan.rows:
        if row.is_found:
            continue
        for number, stage in enumerate(row.variant.stages):
            key = (row.variant.detector.fingerprint(), stage.classifier.fingerprint())
            with _named(row, number):
                if key not in built:
                    built[key] = _build(row.variant, stage, statistics)
                _check_norms(row.variant, stage, workers)
            yield row, number, built[key]


def _build(variant: Variant, stage: Stage, statistics: CategoryStatistics) -> Engine:
    detector = variant.detector.without_weights()
    with torch.device("meta"):
        return build_engine(detector, stage.classifier, variant.inference, statistics)


def _check_norms(variant: Variant, stage: Stage, workers: int) -> None:
    backbone = variant.detector.backbone
    if not isinstance(backbone, Timm) or "backbone" in stage.freeze:
        return
    total = stage.schedule.images_per_step
    together = {"batch": total // workers, "sync": total, "frozen": None}[backbone.norm]
    if together == 1 and not trains_on_one_picture(backbone.model):
        raise ValueError(
            f"backbone.norm: {backbone.norm} needs more than the one picture that it has in a step,"
            f" as {backbone.model!r} has norms behind a mean over the picture; use fewer --workers"
            " or more schedule.images_per_step, or set backbone.norm=frozen"
        )


@contextmanager
def _named(row: Row, number: int) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{row.name}, stage {number}: {error}") from error
