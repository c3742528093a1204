"""The values that each name of a search may take.

Centre: the values of the LVIS challenge reports; the ends are ours.
"""

from collections.abc import Collection, Sequence

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

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
