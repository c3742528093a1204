"""Searches of real Ray Tune on one cluster, whose trials are answered without any training.

Run as a script it prints what happened as JSON: Ray reads its settings once, when a process first
imports it, so this is a process of its own.
"""

import json
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from support.sweep_scene import LAMBDA, sweep_of

from longtail.config.search_space import LogUniform, Point
from longtail.ray_cluster.connection import connect
from longtail.search.tuner import NUMBER
from longtail.sweep.request import Scheduler, Sweep
from longtail.sweep.search.distributions import point_of
from longtail.sweep.search.rung_requests import RungRequest, RungResult, start_rung_requests
from longtail.sweep.search.tuner import Callbacks, Wanted, search
from longtail.sweep.trial import Trial

ITERATIONS = 90
GOOD = 0.01


def sweep(scheduler: Scheduler = "none", metrics: tuple[str, ...] = ("AP",)) -> Sweep:
    made = sweep_of({LAMBDA: LogUniform(1e-4, 1e-1)}, metrics, scheduler)
    lengths = {"stages.1.schedule.iterations": ITERATIONS, "stages.1.schedule.warmup_iterations": 0}
    return replace(made, base=made.base.override(lengths))


class Run:
    """A search, and all that is said in it."""

    def __init__(self, of: Sweep, points: Sequence[Point] | None, ended: Sequence[Trial] = ()):
        self.sweep, self.points, self.ended = of, points, ended
        self.asked: list[tuple[str, int]] = []
        self.reports: list[tuple[str, int, float]] = []
        self.ends: dict[str, bool] = {}
        self.values: dict[str, float] = {}
        self.problem: BaseException | None = None

    def go(
        self, num_trials: int, fails: Callable[[float], bool] = lambda _: False
    ) -> dict[str, Any]:
        # Not at the top: what Ray reads when it is imported is set by then.
        import ray

        rung_requests, over = start_rung_requests(), threading.Event()

        def serve() -> None:
            while not over.wait(0.05):
                for request in ray.get(rung_requests.take.remote()):
                    result = self._result(request, fails)
                    ray.get(rung_requests.answer.remote(request.trial, result))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        numbers = range(num_trials)
        wanted = Wanted(self.points, numbers, [], num_trials, num_trials)
        with tempfile.TemporaryDirectory() as folder:
            callbacks = Callbacks(
                lambda name, _, rung: self.reports.append((name, rung.step, rung.metrics["AP"])),
                lambda name, _, failed: self.ends.update({name: failed}),
                lambda: self.problem,
            )
            search(self.sweep, self.ended, wanted, rung_requests, 2, Path(folder), callbacks)
        over.set()
        thread.join()
        return {
            "asked": self.asked,
            "reports": self.reports,
            "ends": self.ends,
            "values": self.values,
        }

    def _result(self, request: RungRequest, fails: Callable[[float], bool]) -> RungResult:
        self.asked.append((request.trial, request.step))
        if self.points is None:
            value = point_of(request.config, self.sweep.space)[LAMBDA]
        else:
            value = self.points[request.config[NUMBER]][LAMBDA]
        self.values[request.trial] = value
        if fails(value):
            return RungResult(error="no such luck")
        quality = 0.3 - abs(value - GOOD)
        metrics = {"AP": quality * request.step / ITERATIONS, "APr": value}
        return RungResult(request.step, {**metrics, "APc": -1.0, "APf": -1.0, "AP_box": -1.0})


def main() -> None:
    connect(None)
    points = sweep().space.random(4, 0)
    stopping = Run(sweep("asha"), None)
    lost = Run(sweep(), points)
    lost.problem = RuntimeError("the cluster is gone")
    found = {
        "fixed": Run(sweep(), points).go(4),
        "halved": stopping.go(9),
        "median": Run(sweep("median"), points).go(4),
        "failing": Run(sweep(), points).go(4, fails=lambda value: value > 0.001),
        "two metrics": Run(sweep(metrics=("AP", "APr")), None).go(4),
        "lost": lost.go(4),
    }
    json.dump({"points": points, **found}, sys.stdout)


if __name__ == "__main__":
    main()
