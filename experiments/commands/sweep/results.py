"""What a sweep leaves in its folder: the best trial as a variant file, and the table as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import msgspec

from longtail.files import write_json
from longtail.sweep.analysis.pareto import pareto_front
from longtail.sweep.analysis.reevaluation import Reevaluation
from longtail.sweep.cost import Cost
from longtail.sweep.request import Sweep
from longtail.sweep.trial import Trial, ranked

BEST, TABLE = "best.json", "table.json"


def best_trial(
    sweep: Sweep, trials: Sequence[Trial], reevaluation: Reevaluation | None = None
) -> Trial | None:
    """The trial with the highest mean over fresh seeds if the best were run again, else the
    finished one with the highest first metric; None if none finished."""
    if reevaluation is not None and reevaluation.best is not None:
        return next(trial for trial in trials if trial.number == reevaluation.best)
    finished = [trial for trial in trials if trial.state == "finished"]
    return ranked(finished, sweep.metrics[0])[0] if finished else None


def write_results(
    directory: Path,
    sweep: Sweep,
    trials: Sequence[Trial],
    cost: Cost,
    reevaluation: Reevaluation | None = None,
) -> list[Path]:
    """Write what `experiments/grid.py --variants ROW=FILE.json` takes, and the table.

    Args:
        directory: The sweep's.
        sweep: What was searched.
        trials: Its trials.
        cost: Of it.
        reevaluation: Runs of the best with fresh seeds; it then says which is the best.

    Returns:
        `table.json`; `best.json` if a trial finished; with several metrics `trial-N.json` of each
        trial that no other one beats in all of them.
    """
    best = best_trial(sweep, trials, reevaluation)
    front = pareto_front(trials, sweep.metrics) if len(sweep.metrics) > 1 else []
    table = {
        "sweep": sweep.id,
        "metrics": list(sweep.metrics),
        "best": None if best is None else best.number,
        "pareto": [trial.number for trial in front] or None,
        "trials": msgspec.to_builtins(ranked(list(trials), sweep.metrics[0])),
        "cost": asdict(cost),
    }
    variants = {f"trial-{trial.number}.json": trial for trial in front}
    if best is not None:
        variants[BEST] = best
    for name, trial in variants.items():
        write_json(directory / name, sweep.variant_at(trial.point).model_dump(mode="json"), end="")
    write_json(directory / TABLE, table, end="", allow_nan=True)
    return [directory / TABLE, *(directory / name for name in variants)]
