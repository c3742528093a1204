"""The shapes of the JSON files that merges and their searches leave behind."""

from typing import Any, NotRequired, TypedDict

from dashboards.sources.shapes.results import ComparisonTree, EvaluationPart, Interval, KindWord


class Fusion(TypedDict):
    """How detections are fused."""

    method: str
    iou_thr: float
    mask: str


class Margins(TypedDict):
    """What rarer groups are raised by under the cap."""

    rare: float
    common: float


class Settings(TypedDict):
    """Of a merge."""

    fusion: Fusion
    margins: Margins
    max_dets: int
    calibration: NotRequired[str | None]
    evaluate: NotRequired[bool]


class Annotations(TypedDict):
    """What judges."""

    path: str
    sha256: str


class Source(TypedDict):
    """A merged prediction set."""

    name: str
    path: str
    sha256: NotRequired[str]


class MergeRequest(TypedDict):
    """`merge.json`."""

    settings: Settings
    sources: list[Source]
    annotations: Annotations
    calibration: NotRequired[str | None]


class Clusters(TypedDict):
    """What a source found, by group."""

    found: dict[str, int]
    alone: dict[str, int]
    found_kept: NotRequired[dict[str, int]]
    alone_kept: NotRequired[dict[str, int]]


class SourceStatistics(TypedDict):
    """What became of the detections of a source."""

    detections: int
    clusters: NotRequired[Clusters]


class FusionStatistics(TypedDict):
    """Objects by the number of sources that found them."""

    clusters_by_sources: dict[str, int]
    clusters_kept_by_sources: NotRequired[dict[str, int]]


class Cap(TypedDict):
    """What the cap left and cut, by group."""

    kept: dict[str, int]
    cut: dict[str, int]
    images_where_it_binds: int
    share_of_images_where_it_binds: float


class CapOfBoxes(TypedDict):
    """The same of boxes without a mask."""

    kept: NotRequired[dict[str, int]]
    cut: NotRequired[dict[str, int]]


class MergeStatistics(TypedDict):
    """`stats.json`."""

    images: int
    sources: dict[str, SourceStatistics]
    fusion: FusionStatistics
    cap: Cap
    boxes: NotRequired[CapOfBoxes]
    clusters_without_mask: dict[str, int]


class AgainstBest(ComparisonTree):
    """The merge - its best source."""

    source: str
    kind: KindWord


class MergeEvaluation(TypedDict):
    """`evaluation.json` of a merge."""

    sources: dict[str, EvaluationPart]
    steps: dict[str, EvaluationPart]
    warnings: NotRequired[list[str]]
    against_best_source: NotRequired[AgainstBest | None]


class ResultFile(TypedDict):
    """`result.json` of a merge: its files and their digests."""

    files: dict[str, str]


class Best(TypedDict):
    """The winner of a search."""

    trial: int
    result: dict[str, float | None]


class HeldOut(TypedDict):
    """A row of the other half."""

    AP: float
    APr: float
    APc: float
    APf: float
    AP_fixed: float
    intervals: NotRequired[dict[str, Interval]]


class Gain(Interval):
    """The winner - another row."""

    difference: float


class Member(TypedDict):
    """A merge of the front."""

    folder: str
    trial: int
    rare_margin: float
    common_margin: float
    tuned_on: dict[str, float]
    held_out: dict[str, Any]


class Front(TypedDict):
    """The merges that none beats."""

    metrics: list[str]
    on_the_front: int
    members: list[Member]


class TuneReport(TypedDict):
    """`tune.json`."""

    best: Best
    trials: NotRequired[int]
    merges_judged: int
    images_tuned_on: int
    images_of_the_other_half: int
    held_out: dict[str, HeldOut]
    tuned_minus: dict[str, dict[str, Gain]]
    pareto: Front
    warnings: NotRequired[list[str]]


class TuneRequest(TypedDict):
    """`request.json`."""

    metric: list[str]
    searched: list[str]
    sources: list[dict[str, Any]]
    settings: dict[str, Any]
