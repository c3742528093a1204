"""The shapes of evaluations, tables of grids, plans, nodes and journals."""

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

KindWord: TypeAlias = Literal["segm", "box"]
Tree: TypeAlias = dict[str, Any]


class Metrics(TypedDict):
    """Fractions, -1 where undefined."""

    AP: float
    APr: float
    APc: float
    APf: float


class Interval(TypedDict):
    """Of a metric; -1 where undefined."""

    low: float
    high: float
    standard_error: float


class Intervals(TypedDict):
    """Of the metrics of masks or boxes."""

    metrics: dict[str, Interval]
    resamples: NotRequired[int]
    warnings: NotRequired[list[str]]


class Category(TypedDict):
    """A category and its AP."""

    id: int
    name: str
    group: Literal["r", "c", "f"]
    image_count: int
    instance_count: int
    segm_ap: float
    box_ap: float


class EvaluationPart(TypedDict):
    """A prediction set in the evaluation of a merge."""

    segm: Metrics
    box: Metrics
    per_category: NotRequired[list[Category]]
    bins: NotRequired[dict[str, float]]
    gap_box_mask: NotRequired[float]
    gap_by_group: NotRequired[dict[str, float]]
    intervals: NotRequired[dict[str, Intervals]]
    counts: NotRequired[dict[str, int]]
    segm_fixed: NotRequired[dict[str, float]]
    change: NotRequired[dict[str, float | None]]
    change_intervals: NotRequired[dict[str, Interval | None]]


class ImageCounts(TypedDict):
    """How much was evaluated."""

    images: int
    categories: int


class EvaluationFile(TypedDict):
    """`evaluation.json` of an evaluation."""

    segm: Metrics
    box: Metrics
    per_category: list[Category]
    counts: ImageCounts
    bins: NotRequired[dict[str, float]]
    gap_box_mask: float
    gap_by_group: NotRequired[dict[str, float]]
    intervals: NotRequired[dict[str, Intervals]]
    warnings: NotRequired[list[str]]


class Change(Interval):
    """A row - its baseline."""

    difference: float
    real: bool


class Changes(TypedDict):
    """The same by metric."""

    AP: Change
    APr: Change
    APc: Change
    APf: Change


class ComparisonTree(TypedDict):
    """A comparison of two rows."""

    metrics: Changes
    warnings: list[str]


class DifferenceTree(TypedDict):
    """The same with the names of the rows."""

    row: str
    baseline: str
    kind: KindWord
    comparison: ComparisonTree


class Spread(TypedDict):
    """Over seeds."""

    mean: float
    sd: float | None
    n: int


class Data(TypedDict):
    """Where the data of a grid lies."""

    val: NotRequired[str]
    images: NotRequired[str]
    exhaustive: NotRequired[bool]


class GridTable(TypedDict):
    """`table.json` of a grid."""

    rows: dict[str, Tree | None]
    data: NotRequired[Data]
    experiment: NotRequired[str]
    resources: NotRequired[dict[str, float] | None]
    differences: NotRequired[list[DifferenceTree]]
    seeds: NotRequired[dict[str, dict[str, Spread | None]]]
    reported: NotRequired[dict[str, dict[str, str | float]]]
    left_out: NotRequired[dict[str, str]]


class PlanFileTree(TypedDict):
    """`plan.json` of a grid."""

    kind: str
    rows: NotRequired[dict[str, Any]]


class NodeFile(TypedDict):
    """`node.json`."""

    created: NotRequired[float]
    kind: NotRequired[str]
    label: NotRequired[str]
    config: NotRequired[dict[str, Any]]
    parents: NotRequired[list[str]]
    git: NotRequired[str | None]
    versions: NotRequired[dict[str, str | None]]


class JournalLine(TypedDict):
    """A line of `metrics.jsonl`."""

    step: int
    time: float
    attempt: int


class VariantFile(TypedDict):
    """`variant.json`."""

    seed: NotRequired[int | None]
