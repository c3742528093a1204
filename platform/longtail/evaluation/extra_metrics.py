"""The metrics that an evaluation computes beyond LVIS's thirteen when asked to."""

from longtail.evaluation.metrics.boundary import BOUNDARY
from longtail.evaluation.metrics.extra_metric import ExtraMetric
from longtail.evaluation.metrics.oracle_labels import HEADROOM
from longtail.evaluation.metrics.pooled import POOL
from longtail.evaluation.metrics.proposal_recall import PROPOSALS

EXTRA_METRICS: tuple[ExtraMetric, ...] = (POOL, BOUNDARY, HEADROOM, PROPOSALS)
"""In the order in which JSON, tables and the command's help name them."""
