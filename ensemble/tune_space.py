"""What is searched: values by name, and the merge that they stand for.

A point of the space is a mapping of names to values: `method`, `calibration`, `iou_thr`,
`first_iou_thr`, `sigma`, and for each source NAME `weight.NAME` (over that of the first source),
`low.NAME`, `high.NAME`. A name
that is not searched is absent from it and keeps what the command line says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from ensemble.fusion_settings import DEFAULT_IOU_THRESHOLDS
from ensemble.merge_options import settings_of
from ensemble.settings import MergeSettings
from ensemble.source_options import SourceSpec
from ensemble.tune_scores import NO_CALIBRATION
from ensemble.valid_area import ValidArea

Point = Mapping[str, Any]

SEARCHED = ("method", "calibration", "iou", "sigma", "weights", "areas", "margins")
"""The words of `--search`."""

# Centre: the values of the LVIS challenge reports; the ends are ours.
IOU_RANGE = 0.3, 0.8
SIGMA_RANGE = 0.1, 1.0
WEIGHT_RANGE = 0.25, 4.0
LOWS = ("0", "16", "32", "48", "64", "96")
HIGHS = ("", "512", "384", "256", "192", "128")


@dataclass(frozen=True)
class Space:
    """What may vary.

    Attributes:
        options: The options of `ensemble.merge` that the search starts from.
        specs: M sources by name.
        searched: Some of `SEARCHED`.
        methods: Ways of fusion.
        calibrations: "none" and kinds of calibration.
    """

    options: Mapping[str, Any]
    specs: Sequence[SourceSpec]
    searched: frozenset[str]
    methods: tuple[str, ...]
    calibrations: tuple[str, ...]

    def check(self) -> None:
        """Check what a search cannot do.

        Raises:
            ValueError: An option is of no use here, or a method does not go with the options.
        """
        if self.options["match"] == "mask":
            raise ValueError("--match mask: trials compare boxes; tune without it")
        if self.options["calibration"] is not None:
            raise ValueError(
                "--calibration: a search fits its own to the half that it tunes on; leave it out"
            )
        for method in self.methods if "method" in self.searched else ():
            self.settings_at({"method": method})
        self.settings_at({})

    def distributions(self) -> dict[str, BaseDistribution]:
        """The values that each name may take."""
        found: dict[str, BaseDistribution] = {}
        methods = self.methods if "method" in self.searched else (self.options["method"],)
        if "method" in self.searched:
            found["method"] = CategoricalDistribution(self.methods)
        if "calibration" in self.searched:
            found["calibration"] = CategoricalDistribution(self.calibrations)
        if "iou" in self.searched:
            found["iou_thr"] = FloatDistribution(*IOU_RANGE)
            if "nms+soft-nms" in methods:
                found["first_iou_thr"] = FloatDistribution(*IOU_RANGE)
        if "sigma" in self.searched and any("soft" in method for method in methods):
            found["sigma"] = FloatDistribution(*SIGMA_RANGE)
        # The weight of the first source stays: only ratios act.
        for spec in self.specs[1:] if "weights" in self.searched else ():
            found[f"weight.{spec.name}"] = FloatDistribution(*WEIGHT_RANGE, log=True)
        for spec in self.specs if "areas" in self.searched else ():
            found[f"low.{spec.name}"] = CategoricalDistribution(LOWS)
            found[f"high.{spec.name}"] = CategoricalDistribution(HIGHS)
        return found

    def start(self) -> dict[str, Any]:
        """The point of the command line, moved into the space where it lies outside."""
        method = self.options["method"]
        iou_thr = self.options["iou_thr"]
        values: dict[str, Any] = {
            "method": method,
            "calibration": NO_CALIBRATION,
            "iou_thr": DEFAULT_IOU_THRESHOLDS[method] if iou_thr is None else iou_thr,
            "first_iou_thr": self.options["first_iou_thr"],
            "sigma": self.options["sigma"],
        }
        for spec in self.specs:
            values[f"weight.{spec.name}"] = spec.weight / self.specs[0].weight
            low, _, high = str(spec.valid_area).partition(":")
            values |= {f"low.{spec.name}": low, f"high.{spec.name}": high}
        return {name: _within(values[name], area) for name, area in self.distributions().items()}

    def first_points(self) -> list[dict[str, Any]]:
        """The start, then the start with every other method, and with every calibration."""
        start, distributions = self.start(), self.distributions()
        others = [
            {**start, name: value}
            for name in ("method", "calibration")
            if isinstance(area := distributions.get(name), CategoricalDistribution)
            for value in area.choices
            if value != start[name]
        ]
        return [start, *others]

    def options_at(self, point: Point) -> dict[str, Any]:
        """The options of `ensemble.merge` at a point; `calibration` is left out."""
        names = ("method", "iou_thr", "first_iou_thr", "sigma")
        return {**self.options, **{name: point[name] for name in names if name in point}}

    def specs_at(self, point: Point) -> list[SourceSpec]:
        """The sources at a point.

        Raises:
            ValueError: A range of sizes is empty.
        """
        unit = self.specs[0].weight
        return [_spec_at(spec, point, unit) for spec in self.specs]

    def settings_at(self, point: Point) -> MergeSettings:
        """What a merge does at a point, without its calibration and margins.

        Raises:
            ValueError: Two options contradict each other.
        """
        return settings_of(self.options_at(point), len(self.specs))[0]

    def calibration_at(self, point: Point) -> str:
        """The kind of calibration at a point."""
        return str(point.get("calibration", NO_CALIBRATION))


def _spec_at(spec: SourceSpec, point: Point, unit: float) -> SourceSpec:
    if f"weight.{spec.name}" in point:
        spec = replace(spec, weight=unit * point[f"weight.{spec.name}"])
    if f"low.{spec.name}" not in point:
        return spec
    area = ValidArea.parse(f"{point[f'low.{spec.name}']}:{point[f'high.{spec.name}']}")
    return replace(spec, valid_area=area)


def _within(value: Any, distribution: BaseDistribution) -> Any:
    if isinstance(distribution, FloatDistribution):
        return min(max(float(value), distribution.low), distribution.high)
    assert isinstance(distribution, CategoricalDistribution)
    return value if value in distribution.choices else distribution.choices[0]
