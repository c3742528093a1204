"""A diagnosis as tables and as JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from longtail.categories import FREQUENCY_GROUPS
from longtail.evaluation.diagnosis.average_precision import ALL_GROUPS
from longtail.evaluation.diagnosis.diagnosis import Diagnosis
from longtail.evaluation.diagnosis.score_distribution import QUANTILES, ScoreDistribution
from longtail.metrics import points_text


def as_json(diagnosis: Diagnosis) -> str:
    """All of a diagnosis, fractions in full precision."""
    return json.dumps(asdict(diagnosis), indent=2) + "\n"


def tables(diagnosis: Diagnosis) -> Group:
    """A diagnosis as rich shows it: AP and calibration error in points."""
    return Group(*_tables(diagnosis))


def _tables(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    at = f"IoU {diagnosis.iou_threshold:g} of {'masks' if diagnosis.kind == 'segm' else 'boxes'}"
    yield Text(", ".join(f"{k.replace('_', ' ')} {v}" for k, v in diagnosis.counts.items()))
    yield _by_group(f"Errors at {at}", diagnosis.errors, str)
    yield _by_group(f"AP gained at {at} by correcting them", diagnosis.ap_gain, points_text)
    yield _by_group("AP over LVIS's ten IoUs, and what it loses", diagnosis.ap_loss, points_text)
    yield _confusion_table(diagnosis)
    if diagnosis.confusion.pairs:
        yield _pair_table(diagnosis)
    yield _calibration_table(diagnosis)
    yield _score_table(diagnosis)
    for warning in diagnosis.warnings:
        yield Text(f"warning: {warning}")


def _by_group(title: str, rows: dict[str, dict[str, Any]], show: Any) -> Table:
    table = Table("", *ALL_GROUPS, title=title, title_justify="left")
    for name, values in rows.items():
        table.add_row(name, *(show(values[group]) for group in ALL_GROUPS))
    return table


def _confusion_table(diagnosis: Diagnosis) -> Table:
    title = "Objects (rows) taken for categories of the group (columns)"
    columns = [f"as {letter}" for letter in FREQUENCY_GROUPS]
    table = Table("", *columns, "missed", title=title, title_justify="left")
    names = (*FREQUENCY_GROUPS, "background")
    for name, counts in zip(names, diagnosis.confusion.matrix, strict=True):
        table.add_row(name, *map(str, counts))
    same = diagnosis.confusion.same_category.values()
    table.add_row("right category", *map(str, same), "")
    return table


def _pair_table(diagnosis: Diagnosis) -> Table:
    table = Table("object", "taken for", "count", title="Most confused", title_justify="left")
    for pair in diagnosis.confusion.pairs:
        # Names are the file's own: Text, so that brackets in them are not markup.
        found = Text(f"{pair.object_name} ({pair.object_group})")
        taken_for = Text(f"{pair.detected_name} ({pair.detected_group})")
        table.add_row(found, taken_for, str(pair.count))
    return table


def _calibration_table(diagnosis: Diagnosis) -> Table:
    # "0.3-": scores from 0.3 to the next column's.
    bins = [f"{b.low:g}-" for b in diagnosis.calibration["all"].bins]
    title = "Calibration error (D-ECE), and precision by score"
    table = Table("", "D-ECE", *bins, title=title, title_justify="left")
    for group, calibration in diagnosis.calibration.items():
        precisions = [points_text(b.precision) for b in calibration.bins]
        table.add_row(group, points_text(calibration.error), *precisions)
    return table


def _score_table(diagnosis: Diagnosis) -> Table:
    names = [f"{100 * q:g} %" for q in QUANTILES]
    table = Table("", "count", *names, title="Scores: quantiles", title_justify="left")
    for group, kinds in diagnosis.scores.items():
        for kind, scores in kinds.items():
            table.add_row(f"{group} {kind}", str(scores.count), *_quantiles(scores))
    return table


def _quantiles(scores: ScoreDistribution) -> list[str]:
    return [f"{value:.3f}" for value in scores.quantiles] or ["-"] * len(QUANTILES)
