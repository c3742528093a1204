"""What a merge shows a person: its sources, what happened to detections, AP before and after."""

from typing import Any

from rich.console import Console
from rich.table import Table

from ensemble.sources import MERGED
from longtail.categories import FREQUENCY_GROUPS

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
    for heading in (*AP_COLUMNS, "AP fixed", "box AP", "gap"):
        table.add_column(heading, justify="right")
    for name, row in rows.items():
        values = [row["segm"][key] for key in AP_COLUMNS]
        style = "bold" if name == MERGED else None
        values += [row["segm_fixed"]["AP"], row["box"]["AP"], row["gap_box_mask"]]
        cells = map(_points, values)
        table.add_row(name, *cells, style=style)
    console.print(table)


def _points(value: float) -> str:
    return "-" if value == UNDEFINED else f"{100 * value:.2f}"


def _medians(quantiles: dict[str, dict[str, float] | None]) -> str:
    by_group = [quantiles[letter] for letter in FREQUENCY_GROUPS]
    return " ".join("-" if group is None else f"{group['0.5']:.3f}" for group in by_group)


def _per_group(counts: dict[str, int]) -> str:
    names = {"r": "rare", "c": "common", "f": "frequent"}
    return ", ".join(f"{counts[letter]:,} {names[letter]}" for letter in FREQUENCY_GROUPS)
