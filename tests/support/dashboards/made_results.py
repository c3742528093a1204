"""Made-up evaluations in the form of the real files; the same seed, the same numbers."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dashboards.sources.evaluated import evaluated_row
from dashboards.sources.found import Difference, Found, Report, Row
from longtail.categories import FREQUENCY_GROUPS, INSTANCE_BINS
from longtail.metrics import AP_METRICS, BOX_AP, GAP, GROUP_METRICS, UNDEFINED

LEVEL = 0.95


def made_evaluation(num_categories: int, level: float, seed: int = 0) -> dict[str, Any]:
    """A tree like that of `evaluation.json`.

    Args:
        num_categories: Of which some, if there are many, are not in the split.
        level: Mask AP of frequent categories, a fraction; rarer ones have less.
        seed: Of the numbers.
    """
    random = np.random.default_rng(seed)
    images = np.unique(np.geomspace(1, 20_000, num_categories).astype(int), return_inverse=False)
    images = np.sort(random.choice(images, num_categories, replace=len(images) < num_categories))
    records = []
    for number, count in enumerate(images.tolist(), 1):
        group = "r" if count <= 10 else "c" if count <= 100 else "f"
        mean = level * (0.5 + 0.5 * np.log10(count + 1) / 4.3)
        mask = float(np.clip(random.normal(mean, 0.12), 0, 1))
        absent = num_categories > 20 and random.random() < 0.05
        records.append(
            {
                "id": number,
                "name": f"category_{number}",
                "group": group,
                "image_count": count,
                "instance_count": 2 * count,
                "segm_ap": UNDEFINED if absent else mask,
                "box_ap": UNDEFINED if absent else min(1.0, mask + 0.02),
            }
        )
    segm, box = (_summary(records, key) for key in ("segm_ap", "box_ap"))
    return {
        "segm": segm,
        "box": box,
        "bins": {
            name: _mean([of["segm_ap"] for of in records if _bin(of["instance_count"]) == name])
            for name in INSTANCE_BINS
        },
        GAP: box["AP"] - segm["AP"],
        "gap_by_group": {
            group: box[f"AP{group}"] - segm[f"AP{group}"]
            if segm[f"AP{group}"] != UNDEFINED
            else UNDEFINED
            for group in FREQUENCY_GROUPS
        },
        "per_category": records,
        "identity_error": 0.0,
        "counts": {
            "categories": num_categories,
            "categories_judged": num_categories,
            "images": 500,
            "instances": 5000,
            "detections": 150_000,
            "judged_masks": 90_000,
            "judged_boxes": 90_000,
        },
        "warnings": [],
        "intervals": {"segm": _intervals(segm), "box": _intervals(box)},
        "comparison": {},
    }


def made_grid(folder: Path, num_rows: int, num_categories: int, names: Sequence[str] = ()) -> Path:
    """A grid's folder below a runs folder, whose rows have evaluations; returns it.

    Args:
        folder: The runs folder.
        num_rows: Rows.
        num_categories: Of their evaluations.
        names: Of the rows; none for `row_0` and so on.
    """
    names = names or [f"row_{number}" for number in range(num_rows)]
    grid = folder / "grids" / "made"
    rows: dict[str, Any] = {}
    for number, name in enumerate(names):
        tree = made_evaluation(num_categories, 0.2 + 0.02 * number, seed=number)
        evaluation = grid / name.replace(" ", "_") / "evaluation"
        evaluation.mkdir(parents=True)
        (evaluation / "evaluation.json").write_text(json.dumps(tree))
        summary = {key: tree["segm"][key] for key in GROUP_METRICS}
        rows[name] = {**summary, BOX_AP: tree["box"]["AP"], GAP: tree[GAP]}
    differences = [
        made_difference(name, names[0], 0.02 * number)
        for number, name in enumerate(names)
        if number
    ]
    table = {
        "grid": "made",
        "experiment": "longtail",
        "rows": rows,
        "intervals": {},
        "differences": [
            {"row": of.row, "baseline": of.baseline, "kind": of.kind, "comparison": of.comparison}
            for of in differences
        ],
        "seeds": {},
    }
    (grid / "table.json").write_text(json.dumps(table))
    return grid


def made_difference(row: str, baseline: str, difference: float) -> Difference:
    """AP of the row - AP of the baseline, real from two points on."""
    metric = {
        "a": 0.2,
        "b": 0.2 + difference,
        "difference": difference,
        "low": difference - 0.015,
        "high": difference + 0.015,
        "standard_error": 0.0075,
        "bias": 0.0,
        "p_value": 0.01,
        "real": abs(difference) > 0.015,
        "resamples": 1000,
    }
    comparison = {
        "metrics": {name: metric for name in GROUP_METRICS},
        "resamples": 1000,
        "seed": 0,
        "level": LEVEL,
        "warnings": [],
    }
    return Difference(row, baseline, "segm", comparison)


def made_rows(folder: Path, num_rows: int, num_categories: int) -> tuple[Row, ...]:
    """The rows of such a grid, read."""
    grid = made_grid(folder, num_rows, num_categories)
    return tuple(
        evaluated_row(f"row_{number}", "variant", grid / f"row_{number}" / "evaluation")
        for number in range(num_rows)
    )


def made_report(*sources: Found) -> Report:
    """Of some sources, compared with the first row."""
    rows = [row for source in sources for row in source.rows]
    return Report("Made", sources, rows[0].name if rows else "")


def _summary(records: list[dict[str, Any]], key: str) -> dict[str, float]:
    whole = _mean([of[key] for of in records])
    of_groups = {
        f"AP{group}": _mean([of[key] for of in records if of["group"] == group])
        for group in FREQUENCY_GROUPS
    }
    return {**{name: whole for name in AP_METRICS}, **of_groups, "AR@300": whole}


def _intervals(summary: dict[str, float]) -> dict[str, Any]:
    metrics = {}
    for name in GROUP_METRICS:
        value = summary[name]
        known = value != UNDEFINED
        metrics[name] = {
            "value": value,
            "low": value - 0.01 if known else UNDEFINED,
            "high": value + 0.01 if known else UNDEFINED,
            "standard_error": 0.005 if known else UNDEFINED,
            "bias": 0.0,
            "resamples": 1000 if known else 0,
        }
    return {"metrics": metrics, "resamples": 1000, "seed": 0, "level": LEVEL, "warnings": []}


def _mean(values: list[float]) -> float:
    defined = [value for value in values if value != UNDEFINED]
    return sum(defined) / len(defined) if defined else UNDEFINED


def _bin(count: int) -> str:
    return INSTANCE_BINS[sum(count >= edge for edge in (10, 100, 1000))]
