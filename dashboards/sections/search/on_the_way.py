"""The evaluations of trials on their way, where a sweep stops some of them early."""

from dashboards.figures.search.curves import curves
from dashboards.section import Block, Section
from dashboards.sections.search.searches import searches
from dashboards.sources.found import Report
from longtail.sweep.analysis.analysis import Analysis


def on_the_way(report: Report) -> Section | None:
    """Of every sweep whose trials have several evaluations."""
    blocks: list[Block] = []
    for search in searches(report):
        if search.analysis is not None and _num_steps(search.analysis) > 1:
            blocks += search.told_apart(_blocks(search.analysis, search.suffix))
    if not blocks:
        return None
    text = "Which trials were stopped early, and how good they were then."
    return Section("on-the-way", "On the way", text, (*blocks,))


def _num_steps(analysis: Analysis) -> int:
    return len({rung.step for trial in analysis.trials for rung in trial.intermediate_values})


def _blocks(analysis: Analysis, suffix: str) -> list[Block]:
    best = None if analysis.best is None else analysis.best.number
    return [curves(item.metric, analysis.trials, best, suffix) for item in analysis.of_metrics]
