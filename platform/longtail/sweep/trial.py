"""What is kept of a trial."""

from typing import Any, Literal

import msgspec

from longtail.metrics import UNDEFINED

State = Literal["finished", "stopped", "failed"]


class Rung(msgspec.Struct, frozen=True):
    """An evaluation of a trial on its way.

    Attributes:
        step: Iterations of the last stage.
        metrics: AP, APr, APc, APf and AP_box as fractions; -1 where undefined.
    """

    step: int
    metrics: dict[str, float]


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trial that ended.

    Attributes:
        number: From 0. A point that was laid out before has its place there; where optuna chooses,
            trials are counted as they begin.
        point: Values by dotted path.
        state: `stopped` by the scheduler before the end, or `failed`.
        intermediate_values: Its evaluations by rising step, the last one included; empty if it
            failed before the first. Files call them `curve`.
        training: Id of its last training node.
        evaluation: Id of its evaluation node, which exists if it finished.
        hours: Reserved for it, alone or as its share of a pass: of GPUs, without them of CPU cores.
        error: Why it failed.
    """

    number: int
    point: dict[str, Any]
    state: State
    intermediate_values: list[Rung] = msgspec.field(name="curve")
    training: str
    evaluation: str
    hours: float
    error: str | None = None

    @property
    def metrics(self) -> dict[str, float]:
        """Of its last evaluation; empty if it has none."""
        return self.intermediate_values[-1].metrics if self.intermediate_values else {}

    @property
    def step(self) -> int:
        """Iterations of the last stage at its last evaluation."""
        return self.intermediate_values[-1].step if self.intermediate_values else 0


def ranked(trials: list[Trial], metric: str) -> list[Trial]:
    """Trials by falling metric of their last evaluation: finished ones, then the stopped."""
    order = {"finished": 0, "stopped": 1, "failed": 2}
    return sorted(
        trials, key=lambda t: (order[t.state], -t.metrics.get(metric, UNDEFINED), t.number)
    )
