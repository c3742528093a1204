"""What is searched: values by name, their ranges, and the merge that they stand for.

A point of the space is a mapping of names to values: `method`, `calibration`, `match`, `mask`,
`iou_thr`, `first_iou_thr`, `sigma`, and for each source NAME `weight.NAME` (over that of the first
source), `low.NAME`, `high.NAME`. A name that is not searched is absent from it and keeps what the
command line says. The centre of each range are the values of the LVIS challenge reports; the ends
are ours.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from ensemble.fusion.choices import Match
from ensemble.fusion.methods import METHODS
from ensemble.fusion.methods.method import FusionMethod
from ensemble.fusion.settings import MergeSettings, method_for
from ensemble.merging.options import settings_of
from ensemble.sources.spec import SourceSpec
from ensemble.sources.valid_area import ValidArea
from ensemble.tuning.objective.calibrated_scores import NO_CALIBRATION

IOU_RANGE = 0.3, 0.8
SIGMA_RANGE = 0.1, 1.0
WEIGHT_RANGE = 0.25, 4.0
LOWS = ("0", "16", "32", "48", "64", "96")
HIGHS = ("", "512", "384", "256", "192", "128")


def of_choices(**choices: tuple[str, ...]) -> dict[str, BaseDistribution]:
    """Choices by name; names without one are left out."""
    return {name: CategoricalDistribution(of) for name, of in choices.items() if of}


def of_thresholds(searched: Collection[str], read: Collection[str]) -> dict[str, BaseDistribution]:
    """Thresholds and widths of those that one of the methods reads."""
    ranges = {
        "iou_thr": ("iou", IOU_RANGE),
        "first_iou_thr": ("iou", IOU_RANGE),
        "sigma": ("sigma", SIGMA_RANGE),
    }
    return {
        name: FloatDistribution(*ends)
        for name, (word, ends) in ranges.items()
        if word in searched and name in read
    }


def of_sources(searched: Collection[str], names: Sequence[str]) -> dict[str, BaseDistribution]:
    """Weights and sizes of the sources by name."""
    found: dict[str, BaseDistribution] = {}
    # The weight of the first source stays: only ratios act.
    for name in names[1:] if "weights" in searched else ():
        found[f"weight.{name}"] = FloatDistribution(*WEIGHT_RANGE, log=True)
    for name in names if "areas" in searched else ():
        found[f"low.{name}"] = CategoricalDistribution(LOWS)
        found[f"high.{name}"] = CategoricalDistribution(HIGHS)
    return found


def within(value: object, area: BaseDistribution) -> object:
    """The value, or the nearest that is allowed; the first choice for one that is none."""
    if isinstance(area, FloatDistribution):
        assert isinstance(value, float | int)
        return min(max(float(value), area.low), area.high)
    assert isinstance(area, CategoricalDistribution)
    return value if value in area.choices else area.choices[0]


Point = Mapping[str, Any]


@dataclass(frozen=True)
class Space:
    """What may vary.

    Attributes:
        options: The options of `ensemble.merge` that the search starts from.
        specs: M sources by name.
        searched: Some of the words of `--search`.
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
        if self.options["calibration"] is not None:
            raise ValueError(
                "--calibration: a search fits its own to the half that it tunes on; leave it out"
            )
        for method in self.methods if "method" in self.searched else ():
            self.settings_at({"method": method} | ({"mask": "best"} if self._masks() else {}))
        self.settings_at({})

    @property
    def may_compare_masks(self) -> bool:
        """Whether a point may match masks."""
        return "match" in self.searched or self.options["match"] == "mask"

    @property
    def may_vote(self) -> bool:
        """Whether masks may be voted at a point."""
        if "mask" in self.searched:
            return True
        if self.options["mask"] is None:
            return any(METHODS[name].default_mask == "vote" for name in self._methods())
        return bool(self.options["mask"] == "vote")

    def distributions(self) -> dict[str, BaseDistribution]:
        """The values that each name may take."""
        chosen = {
            "method": self.methods,
            "calibration": self.calibrations,
            "match": get_args(Match),
        }
        return {
            **of_choices(**{name: of for name, of in chosen.items() if name in self.searched}),
            **of_choices(mask=self._masks()),
            **of_thresholds(self.searched, self._thresholds()),
            **of_sources(self.searched, [spec.name for spec in self.specs]),
        }

    def start(self) -> dict[str, Any]:
        """The point of the command line, moved into the space where it lies outside."""
        _, resolved = settings_of(dict(self.options), len(self.specs))
        names = ("match", "mask", "iou_thr", "first_iou_thr", "sigma")
        values: dict[str, Any] = {name: resolved[name] for name in names}
        values |= {"method": self.options["method"], "calibration": NO_CALIBRATION}
        for spec in self.specs:
            values[f"weight.{spec.name}"] = spec.weight / self.specs[0].weight
            low, _, high = str(spec.valid_area).partition(":")
            values |= {f"low.{spec.name}": low, f"high.{spec.name}": high}
        return {name: within(values[name], area) for name, area in self.distributions().items()}

    def first_points(self) -> list[dict[str, Any]]:
        """The start, then the start with each other method, calibration, match and mask."""
        start, distributions = self.start(), self.distributions()
        others = [
            {**start, name: value}
            for name in ("method", "calibration", "match", "mask")
            if isinstance(area := distributions.get(name), CategoricalDistribution)
            for value in area.choices
            if value != start[name]
        ]
        return [start, *others]

    def options_at(self, point: Point) -> dict[str, Any]:
        """The options of `ensemble.merge` at a point; `calibration` is left out."""
        names = ("method", "match", "mask", "iou_thr", "first_iou_thr", "sigma")
        options = {**self.options, **{name: point[name] for name in names if name in point}}
        # Its objects have one member, whose mask a vote would give.
        if point.get("mask") == "vote" and not METHODS[options["method"]].may_vote:
            options["mask"] = "best"
        return options

    def _methods(self) -> tuple[str, ...]:
        return self.methods if "method" in self.searched else (self.options["method"],)

    def _thresholds(self) -> frozenset[str]:
        """The thresholds and widths that one of the methods reads."""
        decay, methods = self.options["soft_nms"], map(self._resolved, self._methods())
        return frozenset().union(*(method.parameters(decay) for method in methods))

    def _resolved(self, method: str) -> FusionMethod:
        return method_for(method, len(self.specs))

    def _masks(self) -> tuple[str, ...]:
        """The masks to choose from, none if they are not searched."""
        if "mask" not in self.searched:
            return ()
        known = all(spec.scale is not None for spec in self.specs)
        return ("best", "vote", *(("scale",) if known else ()))

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
