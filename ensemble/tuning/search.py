"""The search itself: Ray Tune runs trials, Optuna chooses their points."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ensemble.tuning.journal import Trial
from ensemble.tuning.objective.meaning import meaning_of, num_merges
from ensemble.tuning.objective.trial_files import load_objective
from ensemble.tuning.sampler import build_sampler
from longtail.commands import InfrastructureError
from longtail.ray_cluster.connection import connect
from longtail.ray_cluster.fit import num_slots
from longtail.search.tuner import TrialListener, quieten, report, run_trials

OnTrial = Callable[[dict[str, Any], dict[str, Any], float], object]


def search(
    bench: Path,
    done: Sequence[Trial],
    num_trials: int,
    seed: int,
    num_workers: int,
    address: str | None,
    work_dir: Path,
    on_trial: OnTrial,
) -> None:
    """Run trials until there are `num_trials`, those that are done included.

    No merge is tried twice: a space without a name to vary (margins are tried within a trial) has
    one trial, and one of choices alone no more than there are merges. Points are told by the values
    that their merge reads.

    The first trials are `Space.first_points`. With one worker the same seed gives the same trials;
    with more, or after an interruption, points depend on what was known when they were chosen.

    Args:
        bench: Folder of the bench, absolute: all machines of the cluster read it.
        done: Finished trials.
        num_trials: How many are wanted in all.
        seed: Of Optuna's sampler.
        num_workers: Trials at a time.
        address: Of a Ray cluster; None starts one of this machine.
        work_dir: Takes Ray's own files; absolute.
        on_trial: Told the point, the result and the CPU seconds of each trial as it ends.

    Raises:
        InfrastructureError: There is no cluster, or a trial was lost.
        KeyboardInterrupt: The user ended it.
    """
    quieten()
    loaded = load_objective(bench)
    wanted, space = list(loaded.wanted), loaded.space
    num_trials = min(num_trials, num_merges(space) or num_trials)
    if len(done) >= num_trials:
        return
    if not space.distributions():
        started = time.process_time()
        on_trial({}, loaded.run({}), time.process_time() - started)
        return
    left, num_finished = num_trials - len(done), 0

    def on_end(_: str, config: dict[str, Any], result: dict[str, Any], failed: bool) -> None:
        nonlocal num_finished
        if failed:
            return
        num_finished += 1
        found = {name: result[name] for name in result["names"]}
        on_trial(meaning_of(space, config), found, float(result["seconds"]))

    sampler = build_sampler(space, wanted, seed, done)
    connect(address)
    num_slots({"CPU": 1}, 1, "a trial takes one")
    errors = run_trials(
        _trial,
        {"bench": str(bench)},
        sampler,
        left,
        resources={"CPU": 1},
        concurrent=num_workers,
        storage=work_dir,
        listener=TrialListener(lambda *_: None, on_end),
        fail_fast=True,
    )
    if errors:
        raise InfrastructureError(
            f"a trial was lost ({errors[0]}); run the same command again to go on"
        )
    if num_finished < left:
        # Tune answers Ctrl-C by returning what it has.
        raise KeyboardInterrupt


def _trial(config: dict[str, Any], bench: str) -> None:
    started = time.process_time()
    result = load_objective(Path(bench)).run(config)
    report({**result, "seconds": time.process_time() - started, "names": [*result]})
