"""What a sweep tried, which trial is best, and whether fresh seeds agree."""

from dashboards.figures.search.looks import heading
from dashboards.section import Block, Note, Section
from dashboards.sections.search.searches import searches
from dashboards.sections.search.sweep_tables import (
    best_table,
    confirmation_table,
    failed_table,
    searched_table,
)
from dashboards.sources.found import Report
from longtail.metrics import UNDEFINED, points_text
from longtail.sweep.analysis.analysis import Analysis

CHOSEN = {
    "grid": "Every point of the grid",
    "random": "Random points",
    "optuna": "Points chosen by optuna",
}
STOPPED = {
    "asha": "stopped early by ASHA",
    "median": "stopped early by the median rule",
    "none": "none stopped early",
}
STATES = ("finished", "stopped", "failed")


def best(report: Report) -> Section | None:
    """The sweeps of a report."""
    blocks: list[Block] = []
    for search in searches(report):
        if search.analysis is not None:
            blocks += search.told_apart(_blocks(search.analysis, search.suffix))
    if not blocks:
        return None
    return Section("search", "Search", "Which values were tried, and which are best.", (*blocks,))


def summary(analysis: Analysis) -> str:
    """How many trials of which kind, and the best one."""
    sweep, trials, best = analysis.sweep, analysis.trials, analysis.best
    counts = [f"{sum(trial.state == state for trial in trials)} {state}" for state in STATES]
    number = f"{len(trials)} {'trial' if len(trials) == 1 else 'trials'}"
    how = f"{CHOSEN[sweep.algorithm]}, {STOPPED[sweep.scheduler]}."
    if best is None:
        found = "No trial has finished."
    else:
        values = ", ".join(
            f"{heading(metric)} {points_text(best.metrics.get(metric, UNDEFINED))}"
            for metric in sweep.metrics
        )
        found = f"Best in the sweep: trial {best.number}, {values}."
    return f"{number}: {', '.join(counts)}. {how} {found}"


def _blocks(analysis: Analysis, suffix: str) -> list[Block]:
    blocks: list[Block] = [
        Note(summary(analysis)),
        *_confirmation(analysis, suffix),
        searched_table(analysis, suffix),
    ]
    if analysis.ranking:
        blocks.append(best_table(analysis, suffix))
    if any(trial.state == "failed" for trial in analysis.trials):
        blocks.append(failed_table(analysis, suffix))
    return blocks


def _confirmation(analysis: Analysis, suffix: str) -> list[Block]:
    confirmation = analysis.reevaluation
    if confirmation is None:
        text = "The best of many single runs is biased upwards, and none was run with fresh seeds."
        return [Note(text, "warning")] if analysis.best else []
    blocks: list[Block] = [Note(confirmation.warning, "warning")]
    if confirmation.finding:
        blocks.append(Note(confirmation.finding))
    if confirmation.trials:
        blocks.append(confirmation_table(confirmation, suffix))
    return [*blocks, *(Note(text, "warning") for text in confirmation.problems)]
