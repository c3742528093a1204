"""A grid's folder: `table.json`, and links to the nodes of its rows."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dashboards.counted import counted
from dashboards.sources.evaluated import boxes_of_masks, evaluated_row
from dashboards.sources.files import read_tree, tree_if_there
from dashboards.sources.found import Difference, Found, Row
from dashboards.sources.node_times import TIMES, node_times
from dashboards.sources.nodes import cut_journals, nodes_of_rows, trainings_of
from dashboards.sources.shapes.results import GridTable, NodeFile, PlanFileTree, VariantFile
from longtail.cluster.nodes.ledger import NODE, RESULT
from longtail.cluster.nodes.merge_row import FITTED, OTHER_HALF
from longtail.cluster.nodes.plan_file import PLAN
from longtail.cluster.results.evaluation_files import VARIANT
from longtail.cluster.results.named_results import TABLE, file_name
from longtail.metrics import points_text
from longtail.path_options import typed
from longtail.problems import BadInputError

NO_NODE = "none"
AGAIN = "run the grid's command again, which writes it"


def is_grid(folder: Path) -> bool:
    """Whether a grid, ended or not, keeps its rows there."""
    if (folder / TABLE).is_file():
        return "rows" in tree_if_there(folder / TABLE)
    return _plan(folder).get("kind") == "grid"


def read_grid(folder: Path) -> Found:
    """What a grid found so far; a row whose evaluation cannot be read is missing.

    Raises:
        BadInputError: No row has finished yet, or the table cannot be read, or no row of several
            can be.
    """
    if not (folder / TABLE).is_file():
        return _so_far(folder)
    tree = read_tree(folder / TABLE, AGAIN, GridTable)
    rows, failed, problems = [], [], []
    for name, result in tree["rows"].items():
        links = folder / file_name(name)
        if result is None:
            failed.append((name, "it has no result; the grid's command again goes on with it"))
            continue
        try:
            evaluation, predictions = links / "evaluation", links / "predictions"
            data = tree.get("data", {})
            rows.append(_row(name, evaluation, predictions, links / "training", data))
        except BadInputError as error:
            problems.append(f"{name} is not shown: {error}; or run the grid's command again")
    if problems and not rows:
        raise BadInputError(problems[0])
    shown = {row.name for row in rows}
    differences = tuple(
        Difference(of["row"], of["baseline"], of["kind"], of["comparison"])
        for of in tree.get("differences", [])
        if {of["row"], of["baseline"]} <= shown
    )
    nodes = nodes_of_rows(folder, tree["rows"])
    trainings = trainings_of(nodes)
    return Found(
        name=folder.name,
        kind="grid",
        folder=folder,
        facts=_facts(tree, rows),
        rows=tuple(rows),
        differences=differences,
        trainings=trainings,
        warnings=(
            *(text for row in rows if row.kind == "result" for text in boxes_of_masks(row)),
            *_fitted_on_half(tree["rows"]),
        ),
        failed=tuple(failed),
        missing=(*problems, *_unlisted(folder, tree["rows"]), *cut_journals(trainings)),
        tree={**tree, TIMES: node_times(nodes)},
    )


def _so_far(folder: Path) -> Found:
    """Rows that are evaluated while the grid's command, which writes the table last, goes on."""
    nodes, rows, waiting = folder.parent.parent / "nodes", [], []
    for name, needed in _plan(folder).get("rows", {}).items():
        # A variant needs its stages, then predictions and their evaluation; a result no stage, and
        # a merge the predictions of others.
        last = [nodes / node for node in needed[-3:]]
        before, predictions, evaluation = [nodes / NO_NODE] * (3 - len(last)) + last
        training = nodes / NO_NODE if before.name.startswith("predictions-") else before
        if (evaluation / RESULT).is_file():
            rows.append(_row(name, evaluation, predictions / "predictions", training, {}))
        else:
            waiting.append(name)
    watch = f"see python -m dashboards.watch {typed(folder.parent.parent)}"
    if not rows:
        raise BadInputError(f"{folder}: no row of this grid is finished yet; {watch}")
    missing = [f"{', '.join(waiting)}: not finished yet; {watch}"] if waiting else []
    return Found(folder.name, "grid", folder, _facts({}, rows), tuple(rows), missing=(*missing,))


def _plan(folder: Path) -> dict[str, Any]:
    return tree_if_there(folder / PLAN, PlanFileTree)


def _unlisted(folder: Path, listed: Mapping[str, Any]) -> Iterator[str]:
    """What the plan has and the table lacks."""
    lacking = [name for name in _plan(folder).get("rows", {}) if name not in listed]
    if not listed:
        yield f"{folder.name}: no row has finished; the grid's command again goes on with them"
    elif lacking:
        names = ", ".join(lacking)
        yield f"{names}: planned, but not in {TABLE}; {AGAIN}"


def _row(
    name: str, evaluation: Path, predictions: Path, training: Path, data: Mapping[str, str]
) -> Row:
    variant = tree_if_there(evaluation / VARIANT, VariantFile)
    alone, _, number = name.partition(" seed ")
    # A merge has no variant, and the seed of its members.
    seed = variant.get("seed") if variant else int(number) if number.isdigit() else None
    return evaluated_row(
        name,
        "variant" if variant else _kind_without(predictions),
        evaluation.resolve(),
        variant=variant,
        seed=seed,
        variant_name=alone if name == f"{alone} seed {seed}" else name,
        predictions=predictions.resolve() if predictions.exists() else None,
        annotations=Path(data["val"]) if "val" in data else None,
        training=training.resolve() if training.exists() else None,
    )


def _fitted_on_half(rows: Mapping[str, Mapping[str, Any] | None]) -> Iterator[str]:
    """What of merges with score maps flatters, and what does not."""
    for name, result in rows.items():
        if result is not None and FITTED in result:
            fitted = result[FITTED]
            yield (
                f"{name}: its score maps were fitted on {fitted['images']} of the images, so that"
                f" its AP flatters; on the others AP is {points_text(fitted[OTHER_HALF]['AP'])}"
            )


def _kind_without(predictions: Path) -> str:
    """Of a row that no variant predicted: a merge of rows, or a result."""
    node = tree_if_there(predictions.resolve().parent / NODE, NodeFile)
    return "merge" if "merge" in node.get("config", {}) else "result"


def _facts(tree: Mapping[str, Any], rows: list[Row]) -> tuple[tuple[str, str], ...]:
    facts = []
    if rows:
        counts = rows[0].evaluation["counts"]
        images = counted(counts["images"], "image")
        categories = counted(counts["categories"], "category")
        facts.append(("evaluated on", f"{images}, {categories}"))
        node = tree_if_there(rows[0].folder / NODE, NodeFile) if rows[0].folder else {}
        if "created" in node:
            at = datetime.fromtimestamp(node["created"], UTC)
            facts.append(("made", f"{at:%Y-%m-%d %H:%M} UTC"))
        if node.get("git"):
            facts.append(("commit", node["git"]))
        if versions := node.get("versions"):
            facts.append(("versions", ", ".join(f"{k} {v}" for k, v in versions.items())))
    if "experiment" in tree:
        facts.append(("MLflow experiment", str(tree["experiment"])))
    return tuple(facts)
