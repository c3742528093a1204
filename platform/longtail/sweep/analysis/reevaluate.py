"""Re-evaluation: the best trials of a sweep run again with new seeds."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from longtail.cluster.grid import run_grid
from longtail.cluster.nodes.ledger import node_directory, read_result
from longtail.cluster.nodes.plan import Plan, make_plan
from longtail.cluster.nodes.settings import GridSettings
from longtail.cluster.nodes.statuses import NodeStatuses, State
from longtail.cluster.results.named_results import write_links
from longtail.metrics import UNDEFINED
from longtail.sweep.analysis.pareto import pareto_front
from longtail.sweep.analysis.reevaluation import ReevaluatedTrial, Reevaluation, fresh_runs
from longtail.sweep.request import Sweep
from longtail.sweep.trial import Trial, ranked


def reevaluate(
    sweep: Sweep,
    trials: Sequence[Trial],
    num_best: int,
    num_seeds: int,
    settings: GridSettings,
) -> Reevaluation:
    """Run the best trials with seeds that the sweep has not seen, as a grid `<sweep> confirmed`.

    Runs that are finished already are found. Without a finished trial nothing is run.

    Args:
        sweep: What was searched.
        trials: Its trials.
        num_best: How many are run again, from 1.
        num_seeds: Fresh seeds of each, from 1: those after the base variant's.
        settings: Where and with what; its name is the sweep's.

    Raises:
        ValueError: A number is below 1.
        InfrastructureError: No cluster, or one on which the workers can never be placed.
    """
    if num_best < 1 or num_seeds < 1:
        raise ValueError(
            f"{num_best} trials with {num_seeds} seeds: give at least 1 of each to confirm"
        )
    first = sweep.base.seed + 1
    seeds = tuple(range(first, first + num_seeds))
    chosen = best_trials(trials, sweep.metrics, num_best)
    name = f"{settings.name} confirmed"
    num_candidates = sum(bool(trial.intermediate_values) for trial in trials)
    if not chosen:
        return Reevaluation(sweep.metrics, seeds, num_candidates, (), name)
    variants = {row_name(trial): sweep.variant_at(trial.point) for trial in chosen}
    plan = make_plan(variants, seeds, sweep.data, sweep.resamples)
    statuses, published = run_grid(plan, replace(settings, name=name))
    named, resources = (name, settings.experiment), settings.resources
    write_links(plan, statuses, settings.runs, *named, resources=resources)
    results = _results(plan, statuses, settings)
    again = tuple(
        _reevaluated(trial, sweep.metrics, results.get(row_name(trial), {})) for trial in chosen
    )
    problems = tuple(_problems(statuses, published.problem))
    return Reevaluation(sweep.metrics, seeds, num_candidates, again, name, problems)


def best_trials(trials: Sequence[Trial], metrics: Sequence[str], number: int) -> list[Trial]:
    """The finished trials to run again, by falling first metric; equal configurations once.

    With several metrics they are taken from the Pareto front.
    """
    if len(metrics) > 1:
        candidates = pareto_front(trials, metrics)
    else:
        finished = [trial for trial in trials if trial.state == "finished"]
        candidates = [
            trial
            for trial in ranked(finished, metrics[0])
            if trial.metrics.get(metrics[0], UNDEFINED) != UNDEFINED
        ]
    different: dict[str, Trial] = {}
    for trial in candidates:
        different.setdefault(trial.evaluation, trial)
    return list(different.values())[:number]


def row_name(trial: Trial) -> str:
    """How the grid calls a trial's variant."""
    return f"trial {trial.number}"


def _results(
    plan: Plan, statuses: NodeStatuses, settings: GridSettings
) -> dict[str, dict[int, dict[str, float]]]:
    """Metrics of the finished runs by variant name and seed."""
    results: dict[str, dict[int, dict[str, float]]] = {}
    for row in plan.rows:
        summary = read_result(node_directory(settings.runs, row.evaluation))
        if statuses[row.evaluation.id].state is State.DONE and summary is not None:
            results.setdefault(row.variant_name, {})[row.variant.seed] = summary
    return results


def _reevaluated(
    trial: Trial, metrics: Sequence[str], runs: dict[int, dict[str, float]]
) -> ReevaluatedTrial:
    of_metrics = {
        metric: fresh_runs(
            trial.metrics.get(metric, UNDEFINED),
            {seed: summary[metric] for seed, summary in runs.items()},
        )
        for metric in metrics
    }
    return ReevaluatedTrial(trial.number, trial.point, of_metrics)


def _problems(statuses: NodeStatuses, mlflow_problem: str | None) -> Iterator[str]:
    for item in statuses.values():
        if item.state is State.FAILED:
            yield f"{item.node.label} failed: {item.error}"
    if mlflow_problem:
        yield f"MLflow lacks part of the grid: {mlflow_problem}"
