"""Folders of sweeps and tunings that nothing was run for, and what a report says of them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import vl_convert
from support.sweep_scene import LAMBDA, MASK

from dashboards.figure import Figure
from dashboards.pages.vega import VEGA_LITE
from dashboards.section import Note, Section
from dashboards.sources.found import Report
from dashboards.sources.sweep import sweep_found
from dashboards.tables import Table, html_table
from ensemble.tuning.journal import Trial as TunedTrial
from ensemble.tuning.objective.margins import MarginTrials
from longtail.metrics import GROUP_METRICS
from longtail.sealed import write_sealed_json
from longtail.search.journal import append
from longtail.sweep.analysis.analysis import Analysis
from longtail.sweep.analysis.margin_file import RARE_MARGINS, MarginResults, TrialMargins
from longtail.sweep.journal import TrialEnded, TrialStarted, describe
from longtail.sweep.request import Sweep
from longtail.sweep.trial import Trial

TWO_PATHS = (LAMBDA, MASK)


def report_of(analysis: Analysis, *missing: str) -> Report:
    """A report of a sweep called lambda."""
    return Report("Made", (sweep_found(Path("runs/sweeps/lambda"), analysis, missing),))


def sweep_folder(folder: Path, sweep: Sweep, trials: Sequence[Trial]) -> Path:
    """What a sweep keeps while it runs: its request and its journal."""
    folder.mkdir(parents=True)
    write_sealed_json(folder / "sweep.json", describe(sweep))
    for trial in trials:
        append(folder / "trials.jsonl", TrialStarted(trial.number, trial.point))
        append(folder / "trials.jsonl", TrialEnded(trial))
    return folder


def margins_of(trials: Sequence[Trial]) -> MarginResults:
    """AP falls by a point and APr rises by one with each margin of the file."""
    steps = range(len(RARE_MARGINS))
    found = {
        trial.evaluation: TrialMargins(
            RARE_MARGINS,
            300,
            48,
            12,
            {
                "AP": tuple(trial.metrics["AP"] - 0.01 * step for step in steps),
                "APr": tuple(trial.metrics.get("APr", 0.1) + 0.01 * step for step in steps),
            },
        )
        for trial in trials
        if trial.state == "finished"
    }
    return MarginResults(found)


def tuned_trial(number: int, ap: float, **point: Any) -> TunedTrial:
    """A merge whose APr is half its AP, with margins of 0.1 and 0.05."""
    metrics = {name: ap for name in GROUP_METRICS} | {"APr": ap / 2}
    rest = {"rare_margin": 0.1, "common_margin": 0.05, "images_over_the_cap": 3}
    return TunedTrial(number, 0.0, 1.5, point, {**metrics, **rest})


def no_merge(number: int, problem: str, **point: Any) -> TunedTrial:
    """A point that no merge would accept."""
    metrics = dict.fromkeys(GROUP_METRICS, -1.0)
    return TunedTrial(number, 0.0, 0.1, point, {**metrics, "problem": problem})


def some_margins(best: float) -> MarginTrials:
    """The start, then three pairs of which the last is the best by AP."""
    aps = [best - 0.02, best - 0.03, best - 0.01, best]
    metrics = {name: aps for name in GROUP_METRICS} | {"APr": [-1.0] * 4}
    return MarginTrials(
        [0.1, 0.0, 0.15, 0.15], [0.05, 0.0, 0.0, 0.15], [0.0, 0.15, 0.15, 0.05], metrics
    )


def tuning_folder(
    folder: Path, trials: Sequence[TunedTrial], report: dict[str, Any] | None = None
) -> Path:
    """What a tuning keeps: its request, both journals, and its report where it has ended."""
    folder.mkdir(parents=True)
    request = {
        "metric": ["AP"],
        "searched": ["method", "margins"],
        "sources": [{"name": "a"}, {"name": "b"}],
        "settings": {"max_dets": 300},
    }
    write_sealed_json(folder / "request.json", request)
    for trial in trials:
        tree = {"rare": [], "common": [], "cell": [], "metrics": {}}
        held = (
            msgspec.convert(tree, MarginTrials)
            if "problem" in trial.result
            else some_margins(trial.result["AP"])
        )
        append(folder / "margins.jsonl", held)
        append(folder / "trials.jsonl", trial)
    if report is not None:
        (folder / "tune.json").write_text(json.dumps(report))
    return folder


def tune_report(best: TunedTrial, warnings: Sequence[str] = ()) -> dict[str, Any]:
    """The tree of a report with two merges on the front; the winner gains two points."""

    def row(ap: float) -> dict[str, Any]:
        values = dict.fromkeys((*GROUP_METRICS, "AP_fixed"), ap)
        span = {"value": ap, "low": ap - 0.01, "high": ap + 0.01, "standard_error": 0.005}
        return {**values, "intervals": {name: span for name in values}}

    gain = {"difference": 0.02, "low": 0.005, "high": 0.035, "standard_error": 0.007}
    undefined = {"difference": -1.0, "low": -1.0, "high": -1.0, "standard_error": -1.0}
    changes = dict.fromkeys((*GROUP_METRICS, "AP_fixed"), gain) | {"APr": undefined}
    chosen = {"point": best.point, "rare_margin": 0.1, "common_margin": 0.05}
    members = [
        {
            "folder": f"pareto/0{place}",
            "trial": best.number,
            **chosen,
            "tuned_on": {"AP": ap, "APr": apr},
            "held_out": {**row(ap - 0.05), "APr": apr},
        }
        for place, (ap, apr) in enumerate(((0.30, 0.15), (0.29, 0.20)))
    ]
    return {
        "best": {"trial": best.number, "point": best.point, "result": best.result},
        "trials": 3,
        "merges_judged": 12,
        "images_tuned_on": 40,
        "images_of_the_other_half": 41,
        "held_out": {"a": row(0.2), "start": row(0.23), "tuned": row(0.25)},
        "tuned_minus": {"start": changes},
        "pareto": {"metrics": ["AP", "APr"], "on_the_front": 5, "members": members},
        "warnings": list(warnings),
    }


def figure_names(section: Section | None) -> list[str]:
    """The names of a section's figures."""
    return [block.name for block in blocks_of(section) if isinstance(block, Figure)]


def figure_called(section: Section | None, name: str) -> Figure:
    """One of them."""
    (found,) = (b for b in blocks_of(section) if isinstance(b, Figure) and b.name == name)
    return found


def table_called(section: Section | None, name: str) -> Table:
    """The table of that name."""
    (found,) = (b for b in blocks_of(section) if isinstance(b, Table) and b.name == name)
    return found


def said(section: Section | None) -> str:
    """Everything that a section says in words: notes, captions and tables."""
    texts = []
    for block in blocks_of(section):
        if isinstance(block, Note):
            texts.append(block.text)
        if isinstance(block, Figure):
            texts.append(f"{block.title}\n{block.text}")
        if isinstance(block, Table):
            texts.append(html_table(block))
    return "\n".join(texts)


def blocks_of(section: Section | None) -> Sequence[Any]:
    """From above to below."""
    return () if section is None else section.blocks


def svg_of(figure: Figure) -> str:
    """The figure as it is drawn on paper."""
    text: str = vl_convert.vegalite_to_svg(figure.spec(), vl_version=VEGA_LITE, show_warnings=True)
    return text
