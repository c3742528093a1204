"""Sections of a sweep's page, each a piece of HTML; empty where there is nothing to show."""

from html import escape
from itertools import combinations

from longtail.metrics import UNDEFINED, points_text
from longtail.sweep.analysis.analysis import Analysis, MetricAnalysis
from longtail.sweep.page.curve_plot import curve_plot
from longtail.sweep.page.heat_map_plot import heat_map_plot, is_broad
from longtail.sweep.page.importance_plot import LOOKS, importance_plot
from longtail.sweep.page.marginal_plot import marginal_plot
from longtail.sweep.page.pareto_plot import pareto_plot
from longtail.sweep.page.parts import figure, legend, path_name, section, side_by_side
from longtail.sweep.page.tables import (
    best_table,
    confirmation_table,
    failed_table,
    searched_table,
)

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


def summary(analysis: Analysis) -> str:
    """How many trials of which kind, and the best one."""
    sweep, trials, best = analysis.sweep, analysis.trials, analysis.best
    counts = [f"{sum(trial.state == state for trial in trials)} {state}" for state in STATES]
    number = f"{len(trials)} {'trial' if len(trials) == 1 else 'trials'}"
    how = f"{CHOSEN[sweep.algorithm]}, {STOPPED[sweep.scheduler]}."
    if best is None:
        found = "<b>No trial has finished.</b>"
    else:
        values = (f"{m} {points_text(best.metrics.get(m, UNDEFINED))}" for m in sweep.metrics)
        found = f"Best in the sweep: <b>trial {best.number}</b>, {', '.join(values)}."
    return f'<p class="lead">{number}: {", ".join(counts)}. {how} {found}</p>'


def searched_section(analysis: Analysis) -> str:
    """The space."""
    return section("Searched", "", searched_table(analysis))


def confirmation_section(analysis: Analysis) -> str:
    """What fresh seeds say of the best trials."""
    confirmation = analysis.reevaluation
    if confirmation is None:
        note = "The best of many single runs is biased upwards, and none was run with fresh seeds."
        return section("Confirmation", note, "") if analysis.best else ""
    problems = "".join(f'<p class="problem">{escape(text)}</p>' for text in confirmation.problems)
    table = confirmation_table(confirmation) if confirmation.trials else ""
    finding = f"<p>{escape(confirmation.finding)}</p>" if confirmation.finding else ""
    return section("Confirmation", escape(confirmation.warning), finding + table + problems)


def best_section(analysis: Analysis) -> str:
    """The best trials."""
    if not analysis.ranking:
        return ""
    return section("Best trials", "", best_table(analysis))


def importance_section(analysis: Analysis) -> str:
    """What each path explains, or why that cannot be said."""
    found = {
        item.metric: item.importances.shares
        for item in analysis.of_metrics
        if item.importances.shares is not None
    }
    reasons = "".join(
        f"<p>{item.metric}: not assessed; {escape(item.importances.reason)}.</p>"
        for item in analysis.of_metrics
        if item.metric not in found
    )
    if not found:
        return section("Importance", "", reasons)
    of = [f"{i.metric}: {i.importances.basis}" for i in analysis.of_metrics if i.metric in found]
    note = (
        "What each path alone explains of the metric over the whole space, as a share of what"
        f" single paths explain (functional analysis of variance). Of {'; '.join(of)}."
    )
    if any(len(item.comparable.values) < len(analysis.ranking) for item in analysis.of_metrics):
        note += " Trials that ended before are left out, the worse ones if a scheduler chose them."
    labels = {path: axis.label for path, axis in analysis.axes.items()}
    keys = legend(list(zip(LOOKS, found, strict=False))) if len(found) > 1 else ""
    bars = figure(importance_plot("importance", labels, found))
    return section("Importance", escape(note), keys + bars + reasons)


def marginals_section(analysis: Analysis, item: MetricAnalysis) -> str:
    """A metric along each path."""
    if not analysis.ranking:
        return ""
    figures = []
    for place, (path, axis) in enumerate(analysis.axes.items()):
        svg = marginal_plot(
            f"marginal-{item.metric}-{place}",
            item.metric,
            axis,
            item.marginals[place],
            analysis.trials,
            base=analysis.base[path],
            best=_best(analysis),
        )
        figures.append(figure(svg, path_name(axis)))
    mean = ("mean", f"mean of a bin, of {item.comparable.words}")
    keys = legend([*_looks(analysis), mean, ("base", "base variant")])
    return section(f"{item.metric} along each path", "", keys + side_by_side(figures))


def heat_maps_section(analysis: Analysis, item: MetricAnalysis) -> str:
    """A metric over pairs of paths."""
    if not item.comparable.values or not item.heat_maps:
        return ""
    figures = []
    for place, cells in enumerate(item.heat_maps):
        across, down = analysis.coarse[cells.across], analysis.coarse[cells.down]
        svg = heat_map_plot(f"heat-{item.metric}-{place}", item.metric, across, down, cells)
        caption = f"up: {path_name(down)}<br>across: {path_name(across)}"
        figures.append(figure(svg, caption, broad=is_broad(across)))
    note = f"Mean {item.metric} in points and number of trials (n), of {item.comparable.words}."
    return section(f"{item.metric} over two paths", escape(note), side_by_side(figures))


def pareto_section(analysis: Analysis) -> str:
    """The trials between which one must choose where several metrics count."""
    if not analysis.pareto:
        return ""
    figures = [
        figure(pareto_plot(f"pareto-{across}-{up}", across, up, analysis.trials, analysis.pareto))
        for across, up in combinations(analysis.sweep.metrics, 2)
    ]
    note = (
        f"Numbered: the {len(analysis.pareto)} finished trials that no other one dominates, being"
        " as good in every metric and better in one."
    )
    return section("Between the metrics", note, side_by_side(figures))


def curves_section(analysis: Analysis, item: MetricAnalysis) -> str:
    """The evaluations on the way, where trials have several."""
    steps = {rung.step for trial in analysis.trials for rung in trial.intermediate_values}
    if len(steps) < 2:
        return ""
    svg = curve_plot(f"curves-{item.metric}", item.metric, analysis.trials, _best(analysis))
    return section(f"{item.metric} on the way", "", legend(_looks(analysis)) + figure(svg))


def failed_section(analysis: Analysis) -> str:
    """What went wrong."""
    if all(trial.state != "failed" for trial in analysis.trials):
        return ""
    return section("Failed trials", "", failed_table(analysis))


def _best(analysis: Analysis) -> int | None:
    return None if analysis.best is None else analysis.best.number


def _looks(analysis: Analysis) -> list[tuple[str, str]]:
    """The kinds of trials that have an evaluation."""
    best = _best(analysis)
    others = {trial.state for trial in analysis.ranking if trial.number != best}
    texts = {"finished": "finished", "stopped": "stopped early", "failed": "failed on the way"}
    first = [] if best is None else [("best-of-all", "best finished")]
    return first + [(state, text) for state, text in texts.items() if state in others]
