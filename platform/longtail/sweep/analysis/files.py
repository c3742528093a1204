"""The file of what a sweep found, `analysis.json`: the numbers of its report."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from longtail.files import write_text
from longtail.sweep.analysis.analysis import Analysis
from longtail.sweep.analysis.margin_file import COMMON_SHARE, RARE_MARGINS
from longtail.sweep.analysis.margin_maps import MarginMaps
from longtail.sweep.analysis.reevaluation import FreshRuns, ReevaluatedTrial, Reevaluation

FILE = "analysis.json"


def write_analysis(directory: Path, analysis: Analysis) -> Path:
    """Write the numbers of an analysis, whole or not at all, and return the file.

    Args:
        directory: The sweep's, which exists.
        analysis: What is known about the sweep.
    """
    text = json.dumps(analysis_tree(analysis), indent=2, allow_nan=False) + "\n"
    write_text(directory / FILE, text)
    return directory / FILE


def analysis_tree(analysis: Analysis) -> dict[str, Any]:
    """What the report shows as a JSON tree: fractions, null where there is none."""
    best, reevaluation = analysis.best, analysis.reevaluation
    return {
        "sweep": analysis.sweep.id,
        "metrics": list(analysis.sweep.metrics),
        "space": analysis.sweep.space.describe(),
        "base": analysis.base,
        "best": None if best is None else best.number,
        "ranking": [trial.number for trial in analysis.ranking],
        "trials": [msgspec.to_builtins(trial) for trial in analysis.trials],
        "by_metric": {
            item.metric: {
                "compared": {
                    "basis": item.comparable.words,
                    "step": item.comparable.step,
                    "finished": item.comparable.finished,
                    "trials": sorted(item.comparable.values),
                },
                "importances": item.importances.shares,
                "no_importances_because": item.importances.reason or None,
                "marginals": {of.path: [asdict(part) for part in of.bins] for of in item.marginals},
                "heat_maps": [asdict(cells) for cells in item.heat_maps],
            }
            for item in analysis.of_metrics
        },
        "pareto": list(analysis.pareto) if len(analysis.sweep.metrics) > 1 else None,
        "confirmation": None if reevaluation is None else _reevaluation_tree(reevaluation),
        "margins": None if analysis.margins is None else _margins_tree(analysis.margins),
    }


def reevaluation_from(tree: Mapping[str, Any]) -> Reevaluation:
    """The runs with fresh seeds whose tree the file holds as `confirmation`."""
    trials = tuple(
        ReevaluatedTrial(
            trial["number"],
            trial["point"],
            {metric: _fresh_runs_from(runs) for metric, runs in trial["metrics"].items()},
        )
        for trial in tree["trials"]
    )
    return Reevaluation(
        tuple(tree["metrics"]),
        tuple(tree["seeds"]),
        tree["num_candidates"],
        trials,
        tree["grid"],
        tuple(tree["problems"]),
    )


def _fresh_runs_from(tree: Mapping[str, Any]) -> FreshRuns:
    by_seed = {int(seed): value for seed, value in tree["by_seed"].items()}
    return FreshRuns(**{**tree, "by_seed": by_seed})


def _reevaluation_tree(reevaluation: Reevaluation) -> dict[str, Any]:
    return asdict(reevaluation) | {
        "best": reevaluation.best,
        "warning": reevaluation.warning,
        "finding": reevaluation.finding,
    }


def _margins_tree(maps: MarginMaps) -> dict[str, Any]:
    of = maps.margins.by_evaluation
    return {
        "finding": maps.finding or None,
        "rare_margins": list(RARE_MARGINS),
        "common_margins": [COMMON_SHARE * margin for margin in RARE_MARGINS],
        "trials": [
            {"number": trial.number} | msgspec.to_builtins(of[trial.evaluation])
            for trial in maps.trials
        ],
        "heat_maps": [{"metric": item.metric} | asdict(item.cells) for item in maps.maps],
        "problems": list(maps.margins.problems),
    }
