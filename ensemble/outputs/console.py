"""What a merge shows at its end: sources, stages, AP before and after, and warnings."""

from collections.abc import Mapping
from typing import Any

import msgspec
from rich.console import Console

from ensemble.merging.folder import BOX_SUBMISSION, SUBMISSION
from ensemble.merging.plan import MergePlan
from ensemble.merging.statistics import MergeStatistics
from ensemble.outputs.evaluation_row import COUNTS
from ensemble.sources.category_map import NOT_OURS, CategoryMap
from ensemble.sources.spec import MERGED
from longtail.categories import FREQUENCY_GROUPS, GROUP_NAMES
from longtail.evaluation.annotations.judged_share import judged_by_kind
from longtail.evaluation.lvis import MAX_DETS
from longtail.evaluation.uncertainty.comparison import Comparison, difference_cells
from longtail.metrics import (
    GROUP_METRICS,
    KIND_NAMES,
    UNDEFINED,
    interval_text,
    points_text,
    signed_points_text,
)
from longtail.predictions.checks.coverage import Coverage
from longtail.printed_table import PrintedTable, number_columns, text_columns, word_columns

AP_COLUMNS = (*GROUP_METRICS, "AP50")
CHANGES = (*GROUP_METRICS, "AP_fixed")


def print_evaluation(rows: dict[str, dict[str, Any]], console: Console) -> None:
    """A row per source and one for the merge, in points."""
    all_have_masks = all(row["segm"]["AP"] != UNDEFINED for row in rows.values())
    groups = number_columns("AP", "95% interval", *GROUP_METRICS[1:])
    others = [
        *number_columns("AP50", spare=2),
        *number_columns("AP fixed"),
        *number_columns("box AP", spare=int(all_have_masks)),
    ]
    columns = [*text_columns(""), *groups, *others, *number_columns("gap", spare=3)]
    table = PrintedTable("mask AP before and after, in points", columns)
    for name, row in rows.items():
        values = [row["segm"][key] for key in AP_COLUMNS]
        style = "bold" if name == MERGED else ""
        values += [row["segm_fixed"]["AP"], row["box"]["AP"], row["gap_box_mask"]]
        cells = [*map(points_text, values)]
        cells.insert(1, _span(row["intervals"]))
        table.add(name, *cells, style=style)
    console.print(table)


def print_judged(rows: Mapping[str, Mapping[str, Any]], console: Console) -> None:
    """How many detections of each source and of the merge the annotations judge."""
    counted = {name: row[COUNTS] for name, row in rows.items() if COUNTS in row}
    for name, counts in counted.items():
        text = f"{name}: {judged_by_kind(counts)}"
        console.print(text, highlight=False, markup=False, soft_wrap=True)


def print_steps(steps: dict[str, dict[str, Any]], console: Console) -> None:
    """Mask AP and AP-fixed after every step, in points, and the change to the step before."""
    columns = [*text_columns("after"), *number_columns(*GROUP_METRICS, "AP fixed", "APr fixed")]
    table = PrintedTable("mask AP step by step, in points", columns)
    columns = [
        *text_columns("step"),
        *number_columns(*(name.replace("_", " ") for name in CHANGES)),
    ]
    changes = PrintedTable(f"change by each step; that of {MERGED} is the margins'", columns)
    for name, row in steps.items():
        values = [row["segm"][metric] for metric in GROUP_METRICS]
        values += [row["segm_fixed"][metric] for metric in ("AP", "APr")]
        table.add(name, *map(points_text, values))
        if row["change"]:
            changes.add(name, *(_change(row, metric) for metric in CHANGES))
    console.print(table)
    console.print(changes)


def print_difference(against: dict[str, Any], console: Console) -> None:
    """What the merge gains over its best source, in points, and what makes that doubtful."""
    comparison = msgspec.convert(against, Comparison)
    kind = KIND_NAMES[against["kind"]]
    title = f"{MERGED} minus {against['source']}, the best source: {kind} AP in points"
    shown = number_columns("difference", f"{comparison.level:.0%} interval")
    table = PrintedTable(title, [*text_columns("metric"), *shown, *word_columns("verdict")])
    for metric, difference in comparison.metrics.items():
        table.add(metric, *difference_cells(difference))
    console.print(table)
    for warning in comparison.warnings:
        console.print(f"warning: {warning}", highlight=False, soft_wrap=True)


def _change(row: dict[str, Any], metric: str) -> str:
    """The change of a metric in points, with its interval where there is one."""
    change = row["change"][metric]
    if change is None:
        return "-"
    bounds = row["change_intervals"].get(metric)
    if bounds is None or bounds["standard_error"] == UNDEFINED:
        return signed_points_text(change)
    low, high = signed_points_text(bounds["low"]), signed_points_text(bounds["high"])
    return f"{signed_points_text(change)} ({low} to {high})"


def _span(intervals: dict[str, Any]) -> str:
    """The interval of mask AP in points."""
    return interval_text(intervals["segm"]["metrics"]["AP"] if "segm" in intervals else None)


def print_uncovered(statistics: Mapping[str, Any], messages: Console) -> None:
    """Say which sources find nothing in most images.

    Args:
        statistics: What stats.json holds.
        messages: Where it is said.
    """
    num_images = statistics["images"]
    for name, source in statistics["sources"].items():
        num_found = num_images - source["images_without_detections"]
        coverage = Coverage(num_images, num_found, knows_all=not source["is_expert"])
        if coverage.is_low:
            messages.print(f"warning: {coverage.warning(name)}", style="yellow")


def print_warnings(plan: MergePlan, statistics: MergeStatistics, messages: Console) -> None:
    """Say what of a finished merge may be unwanted."""
    if plan.calibration is not None:
        without = statistics.images_without_detections
        found = [name for name in plan.names if without[name] < len(plan.images)]
        for warning in plan.calibration.warnings_of_missing(found):
            messages.print(f"warning: {warning}", style="yellow")
    for source in plan.sources:
        for warning in source.warnings:
            messages.print(f"warning: {source.spec.name}: {warning}")
        if plan.calibration is not None:
            spec = source.spec
            for warning in plan.calibration.warnings_of_scale(spec.name, spec.max_score):
                messages.print(f"warning: {warning}", style="yellow")
    method, elsewhere = plan.settings.fusion.fusion_method, ""
    if method.averages:
        elsewhere = f"; {method.name.upper()} judges objects there by the other sources"
    for name, missing in statistics.images_without_detections.items():
        # Where it is most of them, `print_uncovered` says so.
        if missing and not Coverage(len(plan.images), len(plan.images) - missing).is_low:
            messages.print(
                f"warning: {name} has no detection in {missing} of {len(plan.images)} images"
                + elsewhere
            )
    num_cut = {
        SUBMISSION: statistics.scores_over_one,
        BOX_SUBMISSION: statistics.box_scores_over_one,
    }
    for name, count in num_cut.items():
        if count:
            messages.print(
                f"warning: {count} fused scores over 1 are written as 1 in {name}, which makes"
                " ties; choose weights closer to one another, or --margin-mode score"
            )
    if plan.settings.max_dets > MAX_DETS:
        messages.print(
            f"warning: evaluators keep the best {MAX_DETS} scores of an image, without margins"
        )
    if plan.calibration is not None and plan.calibration.was_fitted_on(plan.images):
        messages.print(
            "warning: the calibration was fitted on these very images, so that AP flatters it"
        )


def print_categories(name: str, mapping: CategoryMap, console: Console) -> None:
    """Where the categories of an expert go, and which are dropped."""
    shared = mapping.target != NOT_OURS
    title = f"{name}: {shared.sum()} of {len(shared)} categories are shared"
    theirs_and_ours = [
        *number_columns("id"),
        *text_columns("its category"),
        *number_columns("id"),
        *text_columns("category"),
    ]
    table = PrintedTable(title, [*theirs_and_ours, *text_columns("by")], num_keys=2)
    theirs, ours = mapping.theirs, mapping.ours
    for index, (target, by) in enumerate(zip(mapping.target.tolist(), mapping.by, strict=True)):
        cells = [str(theirs.ids[index]), theirs.names[index]]
        cells += ["", "dropped", ""]
        if target != NOT_OURS:
            cells[2:] = [str(ours.ids[target]), ours.names[target], by]
        table.add(*cells)
    console.print(table)


def print_sources(statistics: dict[str, Any], console: Console) -> None:
    """Detections of every source."""
    sources = statistics["sources"]
    calibrated = any("calibrated_quantiles" in source for source in sources.values())
    counts = number_columns("in", "left out", "to fusion", "images without")
    medians = ["median score r/c/f", *(["calibrated r/c/f"] if calibrated else [])]
    columns = [*text_columns("source"), *counts, *number_columns(*medians)]
    table = PrintedTable("detections of the sources", columns)
    for name, source in sources.items():
        cells = [
            name,
            f"{source['detections']:,}",
            f"{source['detections'] - source['to_fusion']:,}",
            f"{source['to_fusion']:,}",
            f"{source['images_without_detections']:,}",
            _medians(source["score_quantiles"]),
        ]
        table.add(*cells, *([_medians(source["calibrated_quantiles"])] if calibrated else []))
    console.print(table)


def print_stages(statistics: dict[str, Any], console: Console) -> None:
    """What is left after every stage, by frequency group, and how often the cap binds."""
    columns = [*text_columns(""), *number_columns("all", *GROUP_NAMES.values())]
    table = PrintedTable("detections by stage", columns)
    for name, counts in statistics["stages"].items():
        table.add(name, *(f"{counts[key]:,}" for key in ("all", *FREQUENCY_GROUPS)))
    fusion = statistics["fusion"]
    for name in ("members per cluster", "sources per cluster"):
        means = fusion[name.replace(" ", "_")]
        table.add(name, *(_mean(means[key]) for key in ("all", *FREQUENCY_GROUPS)))
    console.print(table)
    cap = statistics["cap"]
    console.print(
        f"{fusion['detections_in']:,} detections became {fusion['clusters']:,} clusters, "
        f"{sum(cap['kept'].values()):,} kept; the cap binds in {cap['images_where_it_binds']:,} "
        f"of {statistics['images']:,} images and cut {_per_group(cap['cut'])}",
        highlight=False,
        soft_wrap=True,
    )


def _mean(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _medians(quantiles: dict[str, dict[str, float] | None]) -> str:
    by_group = [quantiles[letter] for letter in FREQUENCY_GROUPS]
    return " ".join("-" if group is None else f"{group['0.5']:.3f}" for group in by_group)


def _per_group(counts: dict[str, int]) -> str:
    return ", ".join(f"{counts[letter]:,} {name}" for letter, name in GROUP_NAMES.items())
