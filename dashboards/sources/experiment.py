"""An MLflow experiment: the evaluations that its runs keep as artifacts."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from dashboards.sources.evaluated import evaluated_row
from dashboards.sources.files import read_tree, tree_if_there
from dashboards.sources.found import Found, Row
from dashboards.sources.merge import part_of_merge
from dashboards.sources.shapes.merges import MergeEvaluation, MergeStatistics
from ensemble.merging.folder import STATS
from ensemble.sources.spec import MERGED
from longtail.caches import cache_folder
from longtail.evaluation.recording.metrics import KIND, KIND_TAG, ROW_TAG
from longtail.evaluation.recording.names import DIAGNOSIS, EVALUATION
from longtail.problems import BadInputError
from longtail.tracking.address import tracking_uri
from longtail.tracking.recorded import RecordedRun, finished_runs

VARIANT = "variant.json"
ARTIFACTS = (EVALUATION, DIAGNOSIS, VARIANT, STATS)
VARIANT_ROW, MERGE_ROW = "variant", "merge"
AGAIN = "or remove the folder, so that it is fetched again"


def read_experiment(name: str, runs: Path) -> Found:
    """The evaluations of an experiment, oldest first.

    Args:
        name: The experiment's.
        runs: The runs folder, which has MLflow's store unless a server is set.

    Raises:
        BadInputError: There is no such experiment, or no evaluation in it.
        InfrastructureError: MLflow cannot be reached.
    """
    uri = tracking_uri(runs)
    folder = cache_folder("experiments")
    recorded = finished_runs(uri, name, {KIND_TAG: KIND}, ARTIFACTS, folder)
    whole = [of for of in recorded if (of.folder / EVALUATION).is_file()]
    if not whole:
        raise BadInputError(
            f"MLflow experiment {name!r}: no finished evaluation in it; grids, merges and"
            " python -m longtail.evaluation --experiment record them"
        )
    lacking = [of.name for of in recorded if of not in whole]
    missing = tuple(f"{run}: MLflow keeps no {EVALUATION} of it" for run in lacking)
    rows, problems = _rows(whole)
    if not rows:
        raise BadInputError(problems[0])
    facts = (("MLflow experiment", name),)
    return Found(name, "experiment", None, facts, rows, missing=(*missing, *problems))


def _rows(recorded: list[RecordedRun]) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Runs of one name are told apart by their number; those that cannot be read are told."""
    problems = []
    counts, seen = Counter(of.name for of in recorded), Counter[str]()
    rows = []
    for of in recorded:
        seen[of.name] += 1
        name = of.name if counts[of.name] == 1 else f"{of.name} ({seen[of.name]})"
        try:
            row = _row(name, of)
        except BadInputError as error:
            problems.append(f"MLflow run {of.name!r}: {error}; {AGAIN}")
            continue
        rows.append(replace(row, variant_name=of.tags.get("longtail.variant", name)))
    return tuple(rows), tuple(problems)


def _row(name: str, recorded: RecordedRun) -> Row:
    """The evaluation of a run; of a merge with a folder of its own, that of its last step."""
    kind, folder = recorded.tags.get(ROW_TAG, ""), recorded.folder
    if kind != MERGE_ROW:
        return evaluated_row(name, "variant" if kind == VARIANT_ROW else "result", folder)
    if "steps" not in tree_if_there(folder / EVALUATION):
        # A row of a grid.
        return evaluated_row(name, "merge", folder)
    tree = read_tree(folder / EVALUATION, "merge again", MergeEvaluation)
    if MERGED not in tree["steps"]:
        raise BadInputError(f"{folder / EVALUATION}: no step {MERGED!r}")
    statistics = tree_if_there(folder / STATS, MergeStatistics)
    return Row(name, "merge", part_of_merge(tree["steps"][MERGED], statistics), folder=folder)
