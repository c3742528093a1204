"""How trainings went, and where the time did."""

from collections.abc import Iterator, Sequence

from dashboards.figures.training.curves import curves, loss_parts
from dashboards.figures.training.gantt import gantt
from dashboards.figures.training.hours import hours_table
from dashboards.figures.training.lines import MOST_TRAININGS, drawn_trainings, recorded_metrics
from dashboards.figures.training.rates import rates
from dashboards.section import Block, Note, Section
from dashboards.sources.found import Found, Report, Training
from dashboards.sources.node_times import TIMES

MEMORY = "train/peak_memory_bytes"
MOST_NAMES = 5
"""Of trainings in a sentence."""


def training(report: Report) -> Section | None:
    """Learning curves of all trainings, and the time of each grid."""
    blocks = (*_curves(_apart(report.trainings)), *_times(report.sources))
    if not blocks:
        return None
    text = "How trainings went, and where the time did."
    return Section("training", "Training and time", text, blocks)


def _curves(trainings: Sequence[Training]) -> Iterator[Block]:
    drawn = drawn_trainings(trainings)
    running = [of.name for of in trainings if not of.finished]
    silent = [of.name for of in trainings if not of.records]
    if running:
        yield Note(f"Not finished, as far as they are: {_names(running)}.")
    if silent:
        yield Note(f"No journal, so no curve: {_names(silent)}.", "missing")
    if len(drawn) == MOST_TRAININGS < len(trainings) - len(silent):
        num = len(trainings) - len(silent)
        yield Note(f"{len(drawn)} of {num} trainings are drawn, unfinished ones first.")
    unmeasured = [of.name for of in drawn if MEMORY not in recorded_metrics([of])]
    if unmeasured:
        yield Note(f"Memory was not recorded: {_names(unmeasured)}.", "missing")
    if drawn:
        for figure in (curves(drawn), loss_parts(drawn), rates(drawn)):
            if figure is not None:
                yield figure


def _times(sources: Sequence[Found]) -> Iterator[Block]:
    timed = [source for source in sources if source.tree.get(TIMES)]
    for number, source in enumerate(timed, 1):
        suffix = "" if number == 1 else f"-{number}"
        times = source.tree[TIMES]
        figure = gantt(times, suffix)
        table = hours_table(times, source.tree.get("resources"), suffix)
        if figure is None or table is None:
            yield Note(f"{source.name}: no node has begun to work.", "missing")
            continue
        if len(timed) > 1:
            yield Note(f"The time of {source.kind} {source.name}.")
        yield from (figure, table)


def _apart(trainings: Sequence[Training]) -> list[Training]:
    """Each node once, whatever number of sources have it."""
    return list({of.folder: of for of in reversed(trainings)}.values())[::-1]


def _names(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
