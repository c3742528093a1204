"""What a merge shows a person: its sources, what happened to detections, AP before and after."""

from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from ensemble.sources import MERGED
from longtail.categories import FREQUENCY_GROUPS
from longtail.evaluation.comparison import Comparison
from longtail.evaluation.verdict import difference_cells

UNDEFINED = -1.0
AP_COLUMNS = ("AP", "APr", "APc", "APf", "AP50")


def print_stages(statistics: dict[str, Any], console: Console) -> None:
    """Detections of every source, then how many clusters the cap left."""
    table = Table(title="detections", title_justify="left")
    for heading in ("source", "in", "dropped", "to fusion", "images without", "median score r/c/f"):
        table.add_column(heading, justify="left" if heading == "source" else "right")
    for name, source in statistics["sources"].items():
        table.add_row(
            name,
            f"{source['detections']:,}",
            f"{source['detections'] - source['to_fusion']:,}",
            f"{source['to_fusion']:,}",
            f"{source['images_without_detections']:,}",
            _medians(source["score_quantiles"]),
        )
    console.print(table)
    fusion, cap = statistics["fusion"], statistics["cap"]
    console.print(
        f"{fusion['detections_in']:,} detections became {fusion['clusters']:,} clusters, "
        f"{sum(cap['kept'].values()):,} kept; the cap binds in {cap['images_where_it_binds']:,} "
        f"of {statistics['images']:,} images and cut {_per_group(cap['cut'])}",
        highlight=False,
        soft_wrap=True,
    )


def print_evaluation(rows: dict[str, dict[str, Any]], console: Console) -> None:
    """A row per source and one for the merge, in points."""
    table = Table(title="mask AP before and after, in points", title_justify="left")
    table.add_column("")
    with_intervals = any(row["intervals"] for row in rows.values())
    spans = ("95% interval",) if with_intervals else ()
    for heading in ("AP", *spans, *AP_COLUMNS[1:], "AP fixed", "box AP", "gap"):
        table.add_column(heading, justify="right")
    for name, row in rows.items():
        values = [row["segm"][key] for key in AP_COLUMNS]
        style = "bold" if name == MERGED else None
        values += [row["segm_fixed"]["AP"], row["box"]["AP"], row["gap_box_mask"]]
        cells = [*map(_points, values)]
        if with_intervals:
            cells.insert(1, _span(row["intervals"]))
        table.add_row(name, *cells, style=style)
    console.print(table)


def print_difference(against: dict[str, Any], console: Console) -> None:
    """What the merge gains over its best source, in points, and what makes that doubtful."""
    comparison = msgspec.convert(against, Comparison)
    kind = "mask" if against["kind"] == "segm" else "box"
    title = f"{MERGED} against {against['source']}, the best source: {kind} AP in points"
    # A title of the table would be as narrow as the table.
    console.print(title, style="table.title", highlight=False, markup=False, soft_wrap=True)
    table = Table()
    table.add_column("metric")
    for heading in ("difference", f"{comparison.level:.0%} interval"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    for metric, difference in comparison.metrics.items():
        table.add_row(metric, *difference_cells(difference))
    console.print(table)
    for warning in comparison.warnings:
        console.print(f"warning: {warning}", highlight=False, soft_wrap=True)


def _span(intervals: dict[str, Any]) -> str:
    """The interval of mask AP in points."""
    interval = intervals["segm"]["metrics"]["AP"] if "segm" in intervals else None
    if interval is None or interval["standard_error"] == UNDEFINED:
        return "-"
    return f"{100 * interval['low']:.2f} to {100 * interval['high']:.2f}"


def _points(value: float) -> str:
    return "-" if value == UNDEFINED else f"{100 * value:.2f}"


def _medians(quantiles: dict[str, dict[str, float] | None]) -> str:
    by_group = [quantiles[letter] for letter in FREQUENCY_GROUPS]
    return " ".join("-" if group is None else f"{group['0.5']:.3f}" for group in by_group)


def _per_group(counts: dict[str, int]) -> str:
    names = {"r": "rare", "c": "common", "f": "frequent"}
    return ", ".join(f"{counts[letter]:,} {names[letter]}" for letter in FREQUENCY_GROUPS)
