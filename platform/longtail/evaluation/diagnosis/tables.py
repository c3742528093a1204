"""A diagnosis as tables and as JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from longtail.categories import FREQUENCY_GROUPS
from longtail.evaluation.diagnosis.average_precision import ALL_GROUPS
from longtail.evaluation.diagnosis.diagnosis import Diagnosis
from longtail.evaluation.diagnosis.score_distribution import QUANTILES, ScoreDistribution
from longtail.metrics import points_text
from longtail.printed_table import PrintedTable, number_columns, text_columns


def as_json(diagnosis: Diagnosis) -> str:
    """All of a diagnosis, fractions in full precision."""
    return json.dumps(asdict(diagnosis), indent=2) + "\n"


def tables(diagnosis: Diagnosis, whole: bool = False) -> Group:
    """A diagnosis as rich shows it: AP and calibration error in points.

    Args:
        diagnosis: What was found.
        whole: Show confusion, calibration and scores before the errors, too.
    """
    return Group(*(_details(diagnosis) if whole else ()), *_digest(diagnosis))


def _details(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    yield _score_table(diagnosis)
    yield _calibration_table(diagnosis)
    if diagnosis.confusion.pairs:
        yield _pair_table(diagnosis)
    yield _confusion_table(diagnosis)
    gained = "AP gained at IoU {:g} of {} by correcting them"
    title = gained.format(diagnosis.iou_threshold, _what(diagnosis))
    yield _by_group(title, diagnosis.ap_gain, points_text)


def _digest(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    yield Text(", ".join(f"{k.replace('_', ' ')} {v}" for k, v in diagnosis.counts.items()) + "\n")
    at = f"IoU {diagnosis.iou_threshold:g} of {_what(diagnosis)}"
    yield _by_group(f"Errors at {at}", diagnosis.errors, str)
    for warning in diagnosis.warnings:
        yield Text(f"warning: {warning}")
    yield _by_group("AP over LVIS's ten IoUs, and what it loses", diagnosis.ap_loss, points_text)


def _what(diagnosis: Diagnosis) -> str:
    return "masks" if diagnosis.kind == "segm" else "boxes"


def _by_group(title: str, rows: dict[str, dict[str, Any]], show: Any) -> PrintedTable:
    table = PrintedTable(title, [*text_columns(""), *number_columns(*ALL_GROUPS)])
    for name, values in rows.items():
        table.add(name, *(show(values[group]) for group in ALL_GROUPS))
    return table


def _confusion_table(diagnosis: Diagnosis) -> PrintedTable:
    title = "Objects (rows) taken for categories of the group (columns)"
    columns = [f"as {letter}" for letter in FREQUENCY_GROUPS]
    table = PrintedTable(title, [*text_columns(""), *number_columns(*columns, "missed")])
    names = (*FREQUENCY_GROUPS, "background")
    for name, counts in zip(names, diagnosis.confusion.matrix, strict=True):
        table.add(name, *map(str, counts))
    same = diagnosis.confusion.same_category.values()
    table.add("right category", *map(str, same), "")
    return table


def _pair_table(diagnosis: Diagnosis) -> PrintedTable:
    columns = [*text_columns("object", "taken for"), *number_columns("count")]
    table = PrintedTable("Most confused", columns, num_keys=2)
    for pair in diagnosis.confusion.pairs:
        # Names are the file's own: Text, so that brackets in them are not markup.
        found = Text(f"{pair.object_name} ({pair.object_group})")
        taken_for = Text(f"{pair.detected_name} ({pair.detected_group})")
        table.add(found, taken_for, str(pair.count))
    return table


def _calibration_table(diagnosis: Diagnosis) -> PrintedTable:
    # "0.3-": scores from 0.3 to the next column's.
    bins = [f"{b.low:g}-" for b in diagnosis.calibration["all"].bins]
    title = "Calibration error (D-ECE), and precision by score"
    table = PrintedTable(title, [*text_columns(""), *number_columns("D-ECE", *bins)])
    for group, calibration in diagnosis.calibration.items():
        precisions = [points_text(b.precision) for b in calibration.bins]
        table.add(group, points_text(calibration.error), *precisions)
    return table


def _score_table(diagnosis: Diagnosis) -> PrintedTable:
    names = [f"{100 * q:g} %" for q in QUANTILES]
    table = PrintedTable("Scores: quantiles", [*text_columns(""), *number_columns("count", *names)])
    for group, kinds in diagnosis.scores.items():
        for kind, scores in kinds.items():
            table.add(f"{group} {kind}", str(scores.count), *_quantiles(scores))
    return table


def _quantiles(scores: ScoreDistribution) -> list[str]:
    return [f"{value:.3f}" for value in scores.quantiles] or ["-"] * len(QUANTILES)
