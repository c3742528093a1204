"""Which searched values matter, and which are good."""

from dashboards.figures.search.heat_map import Cells, heat_map, heat_map_name
from dashboards.figures.search.importance import importance
from dashboards.figures.search.looks import heading
from dashboards.figures.search.marginals import marginals
from dashboards.figures.search.parallel import parallel
from dashboards.section import Block, Note, Section
from dashboards.sections.search.searches import searches
from dashboards.sources.found import Report
from dashboards.sources.tuning import Tuning
from longtail.sweep.analysis.analysis import Analysis, MetricAnalysis
from longtail.sweep.analysis.marginals import marginal


def values(report: Report) -> Section | None:
    """Of every sweep, and of every tuning that varied more than margins."""
    blocks: list[Block] = []
    for search in searches(report):
        if search.analysis is not None:
            blocks += search.told_apart(_of_sweep(search.analysis, search.suffix))
        if search.tuning is not None:
            blocks += search.told_apart(_of_tuning(search.tuning, search.suffix))
    if not blocks:
        return None
    return Section("values", "Values", "Which values matter, and which are good.", (*blocks,))


def _of_sweep(analysis: Analysis, suffix: str) -> list[Block]:
    blocks = _importance(analysis, suffix)
    if not analysis.ranking:
        return blocks
    metrics, axes = analysis.sweep.metrics, [*analysis.axes.values()]
    name = f"every-trial{suffix}"
    blocks.append(parallel(name, metrics, axes, analysis.trials, _best(analysis)))
    for item in analysis.of_metrics:
        blocks.append(
            marginals(
                item.metric,
                axes,
                item.marginals,
                analysis.trials,
                compared=item.comparable.words,
                base=analysis.base,
                best=_best(analysis),
                suffix=suffix,
            )
        )
        blocks += _heat_maps(analysis, item, suffix)
    return blocks


def _importance(analysis: Analysis, suffix: str) -> list[Block]:
    """What each path explains, or why that cannot be said."""
    held = {item.metric: item.importances for item in analysis.of_metrics}
    shares = {metric: of.shares for metric, of in held.items() if of.shares is not None}
    reasons = [
        Note(f"Importance for {heading(metric)}: not assessed; {of.reason}.", "missing")
        for metric, of in held.items()
        if of.shares is None
    ]
    if not shares:
        return [*reasons]
    basis = "; ".join(f"{heading(metric)}: {held[metric].basis}" for metric in shares)
    if any(len(item.comparable.values) < len(analysis.ranking) for item in analysis.of_metrics):
        basis += ". Trials that ended before are left out, the worse ones if a scheduler chose them"
    labels = {path: axis.label for path, axis in analysis.axes.items()}
    return [importance(labels, shares, basis, suffix), *reasons]


def _heat_maps(analysis: Analysis, item: MetricAnalysis, suffix: str) -> list[Block]:
    if not item.comparable.values:
        return []
    blocks: list[Block] = []
    for place, means in enumerate(item.heat_maps):
        across, up = analysis.coarse[means.across], analysis.coarse[means.down]
        cells = Cells(item.metric, across, up, means, analysis.trials)
        name = heat_map_name(cells, place, suffix)
        blocks.append(heat_map(cells, item.comparable.words, name))
    return blocks


def _of_tuning(tuning: Tuning, suffix: str) -> list[Block]:
    merges = [trial for trial in tuning.trials if trial.state == "finished"]
    axes = [*tuning.axes.values()]
    if not merges or not axes:
        return []
    blocks: list[Block] = [
        parallel(f"every-trial{suffix}", tuning.metrics, axes, tuning.trials, tuning.best)
    ]
    for metric in tuning.metrics:
        level = {trial.number: trial.metrics[metric] for trial in merges}
        means = [
            marginal(axis, [of for of in merges if axis.path in of.point], level) for axis in axes
        ]
        compared = f"{len(merges)} merges on the half that is tuned on, each with its best margins"
        blocks.append(
            marginals(
                metric,
                axes,
                means,
                merges,
                compared=compared,
                base={},
                best=tuning.best,
                suffix=suffix,
            )
        )
    return blocks


def _best(analysis: Analysis) -> int | None:
    return None if analysis.best is None else analysis.best.number
