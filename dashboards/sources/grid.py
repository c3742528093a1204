"""A grid's folder: `table.json`, and links to the nodes of its rows."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dashboards.counted import counted
from dashboards.sources.evaluated import evaluated_row
from dashboards.sources.files import read_tree, tree_if_there
from dashboards.sources.found import Difference, Found, Row
from dashboards.sources.node_times import TIMES, node_times
from dashboards.sources.nodes import nodes_of_rows, trainings_of
from longtail.cluster.nodes.ledger import NODE
from longtail.cluster.results.evaluation_files import VARIANT
from longtail.cluster.results.named_results import TABLE, file_name

AGAIN = "run the grid's command again, which writes it"


def is_grid(folder: Path) -> bool:
    """Whether a grid, ended or not, keeps its rows there."""
    return isinstance(tree_if_there(folder / TABLE).get("rows"), dict)


def read_grid(folder: Path) -> Found:
    """What a grid found so far.

    Raises:
        BadInputError: Its table, or the evaluation of a row that it names, cannot be read.
    """
    tree = read_tree(folder / TABLE, AGAIN)
    rows, failed = [], []
    for name, result in tree["rows"].items():
        links = folder / file_name(name)
        if result is None:
            failed.append((name, "it has no result; the grid's command again goes on with it"))
        else:
            rows.append(_row(name, links, tree.get("data", {})))
    differences = tuple(
        Difference(of["row"], of["baseline"], of["kind"], of["comparison"])
        for of in tree.get("differences", [])
    )
    nodes = nodes_of_rows(folder, tree["rows"])
    return Found(
        name=folder.name,
        kind="grid",
        folder=folder,
        facts=_facts(tree, rows),
        rows=tuple(rows),
        differences=differences,
        trainings=trainings_of(nodes),
        failed=tuple(failed),
        tree={**tree, TIMES: node_times(nodes)},
    )


def _row(name: str, links: Path, data: Mapping[str, str]) -> Row:
    variant = tree_if_there(links / "evaluation" / VARIANT)
    predictions, training = links / "predictions", links / "training"
    return evaluated_row(
        name,
        "variant" if variant else "result",
        (links / "evaluation").resolve(),
        variant=variant,
        seed=variant.get("seed"),
        variant_name=name.removesuffix(f" seed {variant.get('seed')}"),
        predictions=predictions.resolve() if predictions.exists() else None,
        annotations=Path(data["val"]) if "val" in data else None,
        training=training.resolve() if training.exists() else None,
    )


def _facts(tree: Mapping[str, Any], rows: list[Row]) -> tuple[tuple[str, str], ...]:
    facts = []
    if rows:
        counts = rows[0].evaluation["counts"]
        images = counted(counts["images"], "image")
        categories = counted(counts["categories"], "category")
        facts.append(("evaluated on", f"{images}, {categories}"))
        node = tree_if_there(rows[0].folder / NODE) if rows[0].folder else {}
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
