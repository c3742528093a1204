"""A grid whose rows have matches of known skill, with evaluations that say what these say."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from support.match_tables import simulated_tables

from longtail.categories import INSTANCE_BINS
from longtail.evaluation.metrics.matches.files import write_matches
from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.uncertainty.bootstrap import bootstrap, whole_metrics
from longtail.metrics import BOX_AP, GAP, GROUP_METRICS, UNDEFINED

RESAMPLES = 40
LETTERS = "rrccff"


def matched_grid(
    runs: Path,
    skills: Mapping[str, float],
    seeds: Sequence[int] = (0,),
    num_images: int = 60,
    without_matches: Sequence[str] = (),
    boxes_alone: Sequence[str] = (),
    **table: Any,
) -> Path:
    """Write `runs/grids/made` and the nodes of its rows; returns the grid's folder.

    Args:
        runs: The runs folder.
        skills: Of the variants, in the grid's order; masks have it, boxes a little more.
        seeds: Each variant runs with each; rows are named as a grid's are.
        num_images: Of the data.
        without_matches: Rows that keep none.
        boxes_alone: Rows whose mask AP is undefined.
        **table: Further fields of `table.json`.
    """
    named = [
        (name if len(seeds) == 1 else f"{name} seed {seed}", skill, seed)
        for name, skill in skills.items()
        for seed in seeds
    ]
    masks = _tables([skill for _, skill, _ in named], num_images)
    boxes = _tables([skill + 0.05 for _, skill, _ in named], num_images)
    grid = runs / "grids" / "made"
    grid.mkdir(parents=True)
    rows: dict[str, Any] = {}
    for number, (name, _, seed) in enumerate(named):
        node = runs / "nodes" / f"evaluation-{number}"
        kinds = {"box": boxes[number]}
        if name not in boxes_alone:
            kinds["segm"] = masks[number]
        tree = evaluation_of(kinds)
        if name not in without_matches:
            write_matches(node, kinds)
        node.mkdir(parents=True, exist_ok=True)
        (node / "evaluation.json").write_text(json.dumps(tree))
        (node / "variant.json").write_text(json.dumps({"seed": seed}))
        links = grid / name.replace(" ", "_")
        links.mkdir(parents=True)
        (links / "evaluation").symlink_to(node)
        summary = {key: tree["segm"][key] for key in GROUP_METRICS}
        rows[name] = {**summary, BOX_AP: tree["box"]["AP"], GAP: tree[GAP]}
    whole = {"grid": "made", "rows": rows, "differences": [], "seeds": {}, **table}
    whole["rows"] = rows | table.get("rows", {})
    (grid / "table.json").write_text(json.dumps(whole))
    return grid


def evaluation_of(tables: Mapping[str, MatchTable]) -> dict[str, Any]:
    """The tree of an `evaluation.json` of some matches, with intervals."""
    undefined = dict.fromkeys((*GROUP_METRICS, "APs", "APm", "APl"), UNDEFINED)
    trees: dict[str, Any] = {"segm": undefined, "box": undefined}
    intervals = {}
    ap = {}
    for kind, table in tables.items():
        values = dict(zip(GROUP_METRICS, whole_metrics(table), strict=True))
        trees[kind] = {**undefined, "APs": values["AP"], "APm": values["AP"] / 2, **values}
        intervals[kind] = bootstrap(table, RESAMPLES).as_dict()
        ap[kind] = table.ap_per_category().tolist()
    categories = tables["box"].categories
    records = [
        {
            "id": number,
            "name": name,
            "group": group,
            "image_count": 1,
            "instance_count": 1,
            "segm_ap": ap["segm"][k] if "segm" in ap else UNDEFINED,
            "box_ap": ap["box"][k],
        }
        for k, (number, name, group) in enumerate(
            zip(
                categories.ids.tolist(),
                categories.names,
                categories.frequency.tolist(),
                strict=True,
            )
        )
    ]
    segm, box = trees["segm"], trees["box"]
    return {
        **trees,
        "bins": {name: segm["AP"] if not i else UNDEFINED for i, name in enumerate(INSTANCE_BINS)},
        GAP: _gap(segm["AP"], box["AP"]),
        "gap_by_group": {of: _gap(segm[f"AP{of}"], box[f"AP{of}"]) for of in "rcf"},
        "per_category": records,
        "counts": {"categories": len(records), "images": len(tables["box"].image_ids)},
        "warnings": [],
        "intervals": intervals,
    }


def _gap(segm: float, box: float) -> float:
    return box - segm if segm != UNDEFINED else UNDEFINED


def _tables(skills: Sequence[float], num_images: int) -> list[MatchTable]:
    return simulated_tables(np.random.default_rng(0), skills, LETTERS, num_images)
