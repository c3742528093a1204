"""A sweep's folder: its request, its journal, and what was worked out when it ended."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from dashboards.sources.files import tree_if_there
from dashboards.sources.found import Found
from longtail.config.search_space import spelt
from longtail.problems import BadInputError
from longtail.search.journal import TRIALS
from longtail.sweep.analysis.analysis import Analysis, analyse
from longtail.sweep.analysis.files import FILE, reevaluation_from
from longtail.sweep.analysis.margin_file import MarginResults, read_margins
from longtail.sweep.analysis.reevaluation import Reevaluation
from longtail.sweep.journal import REQUEST
from longtail.sweep.recalled import ended_trials, recalled_sweep
from longtail.sweep.trial import Trial

ANALYSIS = "analysis"
"""Key of the `Analysis` in the tree of a `Found`."""
AGAIN = "remove it, and run the sweep's command again, which writes it"


def is_sweep(folder: Path) -> bool:
    """Whether a sweep, ended or not, keeps its journal there."""
    return (folder / REQUEST).is_file()


def read_sweep(folder: Path) -> Found:
    """What a sweep found so far.

    Raises:
        BadInputError: Its request, its journal, or a file of what it found cannot be read.
    """
    trials = ended_trials(folder)
    sweep = recalled_sweep(folder, len(trials))
    ended = (folder / FILE).is_file()
    confirmed, problems, wanted = _confirmed(folder)
    lost = f"{folder / TRIALS}: " + _lost(wanted, len(trials)) if len(trials) < wanted else ""
    if lost and confirmed is not None:
        held = {trial.number for trial in trials}
        confirmed = confirmed if {of.number for of in confirmed.trials} <= held else None
    kept = read_margins(folder)
    known = {trial.evaluation for trial in trials}
    margins = MarginResults({name: of for name, of in kept.items() if name in known}, problems)
    analysis = analyse(sweep, trials, confirmed, margins)
    missing = [] if ended else [_unfinished(trials)]
    return sweep_found(folder, analysis, [*missing, *([lost] if lost else [])])


def sweep_found(folder: Path, analysis: Analysis, missing: Sequence[str] = ()) -> Found:
    """A sweep of which everything is worked out already; its trials are no rows of a report.

    Args:
        folder: The sweep's, which has its name.
        analysis: What is known about it.
        missing: What cannot be shown and why, a sentence each.
    """
    return Found(
        name=folder.name,
        kind="sweep",
        folder=folder,
        facts=tuple(_facts(analysis)),
        missing=tuple(missing),
        tree={ANALYSIS: analysis},
    )


def _lost(wanted: int, there: int) -> str:
    return (
        f"it tells of {there} trials, though the sweep ended with {wanted}; what is shown is of"
        " those that are left; bring back the whole journal, or run the sweep's command again"
    )


def _confirmed(folder: Path) -> tuple[Reevaluation | None, tuple[str, ...], int]:
    """The runs with fresh seeds, why trials have no margins, and the number of trials, as the
    sweep's end wrote them."""
    tree = tree_if_there(folder / FILE)
    try:
        confirmation, margins = tree.get("confirmation"), tree.get("margins")
        return (
            None if confirmation is None else reevaluation_from(confirmation),
            () if margins is None else tuple(margins["problems"]),
            len(tree.get("trials", ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInputError(
            f"{folder / FILE}: not what a sweep of this version writes ({error!r}); {AGAIN}"
        ) from None


def _unfinished(trials: Sequence[Trial]) -> str:
    number = "1 trial has" if len(trials) == 1 else f"{len(trials)} trials have"
    return (
        f"The sweep has not ended; {number} so far. Margins and confirmation follow at its end;"
        " the sweep's command again goes on with it."
    )


def _facts(analysis: Analysis) -> Iterator[tuple[str, str]]:
    sweep = analysis.sweep
    space = ", ".join(
        f"{analysis.axes[path].label} = {spelt(area)}"
        for path, area in sweep.space.dimensions.items()
    )
    yield "searched", space
    yield "to raise", ", ".join(sweep.metrics)
    yield "trials", f"{len(analysis.trials):,}"
    yield "hours reserved", f"{sum(trial.hours for trial in analysis.trials):.2f}"
