"""What a sight says, in words that a terminal and a page share."""

from collections.abc import Sequence

from dashboards.live.sight import NodeSight, Sight
from dashboards.live.training import TrainingState
from longtail.cluster.progress import clock
from longtail.metrics import UNDEFINED, points_text

UNKNOWN = "-"
BLOCKS = "▁▂▃▄▅▆▇█"
SILENT_SECONDS = 60.0
"""A training that wrote nothing for so long is told, or for so many lines' time."""
SLOW_LINES = 20


def sparkline(values: Sequence[float], width: int) -> str:
    """Values as little bars over all of them, at most `width`."""
    if not values:
        return ""
    size = min(width, len(values))
    parts = [values[len(values) * i // size : len(values) * (i + 1) // size] for i in range(size)]
    means = [sum(part) / len(part) for part in parts]
    low, span = min(means), max(means) - min(means)
    if span == 0:
        return BLOCKS[0] * size
    return "".join(BLOCKS[round((mean - low) / span * (len(BLOCKS) - 1))] for mean in means)


def shortened(text: str, width: int) -> str:
    """A text in so many columns: names differ at their ends, so its middle is left out."""
    if len(text) <= width:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}\N{HORIZONTAL ELLIPSIS}{text[len(text) - (width - 1 - head) :]}"


def headline(sight: Sight) -> str:
    """What is watched, and how it stands."""
    name = {"grid": "grid", "sweep": "sweep", "nodes": "all nodes of"}[sight.watched.kind]
    ended = sight.facts.get("ended")
    how = f", {ended}" if ended else ""
    return f"{name} {sight.watched.name}{how}"


def totals(sight: Sight) -> list[str]:
    """Lines about the whole: nodes by state, trials, resources, time."""
    nodes = ", ".join(f"{number} {state}" for state, number in sight.counts.items())
    lines = [f"{len(sight.nodes)} nodes: {nodes}" if sight.nodes else "no node began yet"]
    if sight.trials is not None:
        lines.append(_trials(sight))
    each, began = sight.facts.get("each"), sight.facts.get("began")
    if began is not None and sight.facts.get("ended") is None:
        left = seconds_left(sight)
        known = "" if left is None else f", at least {clock(left)} left"
        lines.append(f"began {clock(max(sight.now - began, 0))} ago{known}")
    if each is not None:
        gpus = f", {_plural(each['gpus'], 'GPU')}" if each["gpus"] else ""
        workers, cpus = _plural(each["workers"], "worker"), _plural(each["cpus"], "CPU")
        lines.append(f"each node on {workers} of {cpus}{gpus}, driven from {sight.facts['host']}")
    return lines


def seconds_left(sight: Sight) -> float | None:
    """To the end of the trainings that run; None until one of them knows."""
    running = [item.training for item in sight.of("running") if item.training is not None]
    known = [state.eta_seconds for state in running if state.eta_seconds is not None]
    return max(known, default=None)


def told(item: NodeSight, now: float) -> str:
    """What there is to say of a node beside numbers."""
    if item.state == "failed":
        return " ".join((item.node.error or "it diverged, see diverged.txt").split())
    if item.state in ("waiting", "blocked") and item.waits_for:
        verb = "needs" if item.state == "blocked" else "waits for"
        return f"{verb} {', '.join(item.waits_for)}"
    if item.state == "waiting":
        return "waits for its turn"
    if item.state == "done" and item.ap is not None:
        return "AP not defined" if item.ap == UNDEFINED else f"AP {points_text(item.ap)}"
    if is_silent(item):
        return f"nothing new for {clock(item.silent or 0)}"
    if item.state == "running" and item.training is None and item.node.since is not None:
        return f"for {clock(max(now - item.node.since, 0))}"
    return ""


def numbers(item: NodeSight) -> dict[str, str]:
    """How far a training is: `done`, `share`, `loss`, `memory`, `speed` and, of one that runs,
    `left`."""
    state = item.training
    if state is None:
        return dict.fromkeys(("done", "share", "loss", "memory", "speed", "left"), "")
    runs = item.state == "running"
    speed, eta = state.images_per_second, state.eta_seconds
    return {
        "done": f"{state.iteration}/{state.iterations}",
        "share": f"{100 * state.iteration / max(state.iterations, 1):.0f}",
        "loss": UNKNOWN if state.loss is None else f"{state.loss:.3f}",
        "memory": _memory(state),
        "speed": UNKNOWN if speed is None else f"{speed:.1f}",
        "left": "" if not runs else UNKNOWN if eta is None else clock(eta),
    }


def _memory(state: TrainingState) -> str:
    """The peaks of a worker in GiB."""
    if state.memory is None:
        return UNKNOWN
    own = f"{state.memory / 2**30:.1f}G"
    return own if state.gpu_memory is None else f"{own}, GPU {state.gpu_memory / 2**30:.1f}G"


def _trials(sight: Sight) -> str:
    assert sight.trials is not None
    ended = sum(sight.trials.ended.values())
    counts = {"going on": sight.trials.begun - ended, **sight.trials.ended}
    words = ", ".join(f"{number} {state}" for state, number in counts.items() if number)
    best = sight.trials.best
    found = "" if best is None else f"; best AP {points_text(best[1])}, of trial {best[0]}"
    return f"{sight.trials.begun} trials begun: {words or 'none ended'}{found}"


def is_silent(item: NodeSight) -> bool:
    """Whether a training that runs wrote nothing for much longer than it did before."""
    state = item.training
    if item.state != "running" or state is None or item.silent is None:
        return False
    steps = max(state.iterations - state.iteration, 1)
    pace = 0.0 if state.eta_seconds is None else state.eta_seconds / steps
    return item.silent > max(SILENT_SECONDS, SLOW_LINES * pace)


def _plural(number: float, noun: str) -> str:
    return f"{number:g} {noun}" if number == 1 else f"{number:g} {noun}s"
