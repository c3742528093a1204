"""The search itself: Ray Tune runs trials, Optuna chooses their points."""

import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# Read by Ray when it is imported, as what `ray_cluster` sets: no frames around its own messages.
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
from longtail.ray_cluster.connection import connect  # isort: skip

import optuna
from ray import tune

from ensemble.tuning.journal import Trial
from ensemble.tuning.objective.meaning import meaning_of, num_merges
from ensemble.tuning.objective.trial_files import load_objective
from ensemble.tuning.sampler import Chooser
from longtail.commands import InfrastructureError, interrupted_as_it_was
from longtail.ray_cluster.fit import places

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
    _quieten()
    loaded = load_objective(bench)
    wanted, space = list(loaded.wanted), loaded.space
    num_trials = min(num_trials, num_merges(space) or num_trials)
    if len(done) >= num_trials:
        return
    if not space.distributions():
        started = time.process_time()
        on_trial({}, loaded.run({}), time.process_time() - started)
        return
    # Another seed after an interruption: the sampler would repeat its first points.
    sampler = optuna.samplers.TPESampler(seed=seed + len(done))
    chooser = Chooser(space, wanted, sampler)
    chooser.begin(done)
    listener = _Listener(
        lambda point, result, seconds: on_trial(meaning_of(space, point), result, seconds)
    )
    connect(address)
    places({"CPU": 1}, 1, "a trial takes one")
    tuner = tune.Tuner(
        tune.with_resources(tune.with_parameters(_trial, bench=str(bench)), {"CPU": 1}),
        tune_config=tune.TuneConfig(
            search_alg=chooser,
            num_samples=num_trials - len(done),
            max_concurrent_trials=num_workers,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(
            name="tune",
            storage_path=str(work_dir),
            callbacks=[listener],
            failure_config=tune.FailureConfig(fail_fast=True),
            verbose=0,
        ),
    )
    with interrupted_as_it_was():
        results = tuner.fit()
    if results.errors:
        raise InfrastructureError(
            f"a trial was lost ({results.errors[0]}); run the same command again to go on"
        )
    if listener.num_finished < num_trials - len(done):
        # Tune answers Ctrl-C by returning what it has.
        raise KeyboardInterrupt


def _trial(config: dict[str, Any], bench: str) -> None:
    started = time.process_time()
    result = load_objective(Path(bench)).run(config)
    tune.report({**result, "seconds": time.process_time() - started, "names": [*result]})


class _Listener(tune.Callback):
    """Hands finished trials on."""

    def __init__(self, on_trial: OnTrial) -> None:
        self._on_trial = on_trial
        self.num_finished = 0

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tune pickles itself to be restored, and a search goes on from its journal."""
        return {}

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """Called by Tune in the process that started it."""
        last = trial.last_result
        result = {name: last[name] for name in last["names"]}
        self.num_finished += 1
        self._on_trial(dict(trial.config), result, float(last["seconds"]))


def _quieten() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for name in ("ray", "ray.tune"):
        logging.getLogger(name).setLevel(logging.ERROR)
