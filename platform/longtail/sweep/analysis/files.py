"""Files of what a sweep found: `analysis.json`, and `analysis.html` that shows the same."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from longtail.files import write_text
from longtail.sweep.analysis.analysis import Analysis, analyse
from longtail.sweep.analysis.confirmation import Confirmation
from longtail.sweep.analysis.margin_file import COMMON_SHARE, RARE_MARGINS, MarginResults
from longtail.sweep.analysis.margin_maps import MarginMaps
from longtail.sweep.page.page import analysis_page
from longtail.sweep.request import Sweep
from longtail.sweep.trial import Trial

FILE, PAGE = "analysis.json", "analysis.html"


def write_analysis(
    directory: Path,
    sweep: Sweep,
    trials: Sequence[Trial],
    confirmation: Confirmation | None,
    margins: MarginResults | None = None,
) -> list[Path]:
    """Write both files, each whole or not at all, and return their paths.

    Args:
        directory: The sweep's, which exists and has its name.
        sweep: What was searched.
        trials: Its trials.
        confirmation: Runs of the best with fresh seeds.
        margins: What margins on scores do to its finished trials.
    """
    analysis = analyse(sweep, trials, confirmation, margins)
    texts = {
        FILE: json.dumps(analysis_tree(analysis), indent=2, allow_nan=False) + "\n",
        PAGE: analysis_page(directory.name, analysis),
    }
    for name, text in texts.items():
        write_text(directory / name, text)
    return [directory / name for name in texts]


def analysis_tree(analysis: Analysis) -> dict[str, Any]:
    """What the page shows as a JSON tree: fractions, null where there is none."""
    best, confirmation = analysis.best, analysis.confirmation
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
                    "basis": item.compared.words,
                    "step": item.compared.step,
                    "finished": item.compared.finished,
                    "trials": sorted(item.compared.values),
                },
                "importances": item.importances.shares,
                "no_importances_because": item.importances.reason or None,
                "marginals": {of.path: [asdict(part) for part in of.bins] for of in item.marginals},
                "heat_maps": [asdict(cells) for cells in item.heat_maps],
            }
            for item in analysis.of_metrics
        },
        "pareto": list(analysis.pareto) if len(analysis.sweep.metrics) > 1 else None,
        "confirmation": None if confirmation is None else _confirmation_tree(confirmation),
        "margins": None if analysis.margins is None else _margins_tree(analysis.margins),
    }


def _confirmation_tree(confirmation: Confirmation) -> dict[str, Any]:
    return asdict(confirmation) | {
        "best": confirmation.best,
        "warning": confirmation.warning,
        "finding": confirmation.finding,
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
