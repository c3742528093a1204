"""What a search leaves: its report as JSON, its files, and tables for a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from ensemble.tuning.console import print_held_out, print_pareto, print_trials
from ensemble.tuning.held_out import TUNED, WITHOUT, HeldOut
from ensemble.tuning.journal import MARGIN_TRIALS, TrialJournal
from ensemble.tuning.pareto import Candidate
from ensemble.tuning.pareto_files import CALIBRATION, MERGE_FILE, PARETO
from ensemble.tuning.request import TuneRequest
from longtail.evaluation.annotations.judged_share import unverified
from longtail.files import write_json
from longtail.path_options import short_path, typed
from longtail.search.journal import TRIALS

REPORT, PAGE = "tune.json", "report.html"
FILES = REPORT, MERGE_FILE, CALIBRATION, TRIALS, MARGIN_TRIALS, PAGE


@dataclass(frozen=True)
class Outcome:
    """What a search found.

    Attributes:
        names: The metrics of the front.
        num_front: Merges on it.
        pareto_merges: Those that were evaluated on the other half, the winner first.
        held_out: What that half says.
        num_tuned_on: Images of the half that was tuned on.
        judged: Detections in it by source, and how many of them are judged.
    """

    names: Sequence[str]
    num_front: int
    pareto_merges: Sequence[Candidate]
    held_out: HeldOut
    num_tuned_on: int
    judged: Mapping[str, Mapping[str, int]]

    @property
    def winner(self) -> Candidate:
        """The best by the first metric."""
        return self.pareto_merges[0]

    def row_of(self, number: int) -> str:
        """The row of a Pareto merge among those of the other half."""
        return f"{PARETO}/{number:02d}" if number else TUNED

    def rows(self) -> dict[str, Any]:
        """The rows of the other half without those of the front."""
        rows = self.held_out.rows
        return {name: row for name, row in rows.items() if not name.startswith(f"{PARETO}/")}

    def recorded_rows(self) -> dict[str, Any]:
        """The rows of the other half that are recorded beside those of grids: all but merges that
        lack a source."""
        rows = self.held_out.rows
        return {name: row for name, row in rows.items() if not name.startswith(WITHOUT)}


def artifacts(out: Path) -> list[tuple[Path, str]]:
    """The files of a finished search, each with its folder among the artifacts."""
    files = [(out / name, "") for name in FILES]
    files += [(path, str(path.parent.relative_to(out))) for path in (out / PARETO).glob("*/*")]
    return [(path, folder) for path, folder in files if path.is_file()]


def write_report(request: TuneRequest, journal: TrialJournal, outcome: Outcome, out: Path) -> None:
    """Write tune.json."""
    held_out, winner = outcome.held_out, outcome.winner
    chosen = {"rare_margin": winner.rare_margin, "common_margin": winner.common_margin}
    result = {**winner.trial.result, **winner.metrics, **chosen}
    merges = [_describe(outcome, number) for number in range(len(outcome.pareto_merges))]
    report = {
        "request": request.describe(),
        "best": {"trial": winner.trial.number, "point": winner.trial.point, "result": result},
        "trials": len(journal.trials),
        "merges_judged": sum(map(len, journal.margins)),
        "images_tuned_on": outcome.num_tuned_on,
        "judged_tuned_on": outcome.judged,
        "images_of_the_other_half": len(held_out.truth.images),
        "held_out": outcome.rows(),
        "tuned_minus": held_out.differences(),
        PARETO: {"metrics": outcome.names, "on_the_front": outcome.num_front, "members": merges},
        "warnings": [*unverified(held_out.truth), *held_out.warnings],
    }
    write_json(out / REPORT, report)


def show(
    request: TuneRequest, journal: TrialJournal, outcome: Outcome, out: Path, console: Console
) -> None:
    """Print the best trials, the other half, the front, and how to use it."""
    print_trials(journal, request.wanted[0], console)
    if "margins" in request.space.searched:
        _line(console, _about_the_cap(request, outcome))
    held_out = outcome.held_out
    print_held_out(outcome.rows(), held_out.differences(), held_out.warnings, console)
    rows = [held_out.rows[outcome.row_of(number)] for number in range(len(outcome.pareto_merges))]
    print_pareto(outcome.names, outcome.pareto_merges, rows, outcome.num_front, console)
    command = f"python -m ensemble.merge --config {typed(out / MERGE_FILE)}"
    _line(console, f"wrote {short_path(out / MERGE_FILE)}; use it: {command} --out NEW_FOLDER")


def _describe(outcome: Outcome, number: int) -> dict[str, Any]:
    merge = outcome.pareto_merges[number]
    return {
        "folder": f"{PARETO}/{number:02d}",
        "trial": merge.trial.number,
        "point": merge.trial.point,
        "rare_margin": merge.rare_margin,
        "common_margin": merge.common_margin,
        "tuned_on": merge.metrics,
        "held_out": outcome.held_out.rows[outcome.row_of(number)],
    }


def _about_the_cap(request: TuneRequest, outcome: Outcome) -> str:
    over = outcome.winner.trial.result["images_over_the_cap"]
    cap = request.space.options["max_dets"]
    where = f"{over} of {outcome.num_tuned_on} images exceed the cap of {cap} detections"
    if over:
        return f"{where} in the half that was tuned on; margins act there alone"
    return f"{where} in the half that was tuned on: margins change nothing, so none were tried"


def _line(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
