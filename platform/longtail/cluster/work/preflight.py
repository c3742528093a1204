"""Faults of a configuration that only building the detector shows, before Ray is asked."""

from collections.abc import Iterator

import torch

from longtail.cluster.nodes.plan import Plan, Row
from longtail.data.lvis.annotations import open_annotations
from longtail.engines.base import Engine
from longtail.engines.build import build_engine
from longtail.models.category_statistics import CategoryStatistics


def check_buildable(plan: Plan) -> None:
    """Build the detector of every stage of every row that may be trained, without memory for its
    weights.

    Raises:
        ValueError: An engine, a backbone or sizes that do not fit; the row and stage are named.
    """
    for _ in built_stages(plan):
        pass


def built_stages(plan: Plan) -> Iterator[tuple[Row, int, Engine]]:
    """Every stage of every row that may be trained, with its detector on the meta device; equal
    ones are built once.

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
        detector = row.variant.detector.without_weights()
        for number, stage in enumerate(row.variant.stages):
            key = (detector.fingerprint(), stage.classifier.fingerprint())
            if key not in built:
                try:
                    with torch.device("meta"):
                        built[key] = build_engine(
                            detector, stage.classifier, row.variant.inference, statistics
                        )
                except ValueError as error:
                    raise ValueError(f"{row.name}, stage {number}: {error}") from error
            yield row, number, built[key]
