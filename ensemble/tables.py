"""What a merge shows of its detections: categories of experts, sources, stages."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ensemble.experts import NOT_OURS, CategoryMap
from longtail.categories import FREQUENCY_GROUPS


def print_categories(name: str, mapping: CategoryMap, console: Console) -> None:
    """Where the categories of an expert go, and which are dropped."""
    shared = mapping.target != NOT_OURS
    table = Table(
        title=f"{name}: {shared.sum()} of {len(shared)} categories are shared",
        title_justify="left",
    )
    for heading in ("id", "its category", "id", "category", "by"):
        table.add_column(heading, justify="right" if heading == "id" else "left")
    theirs, ours = mapping.theirs, mapping.ours
    for index, (target, by) in enumerate(zip(mapping.target.tolist(), mapping.by, strict=True)):
        cells = [str(theirs.ids[index]), escape(theirs.names[index])]
        cells += ["", "dropped", ""]
        if target != NOT_OURS:
            cells[2:] = [str(ours.ids[target]), escape(ours.names[target]), by]
        table.add_row(*cells)
    console.print(table)


def print_sources(statistics: dict[str, Any], console: Console) -> None:
    """Detections of every source."""
    table = Table(title="detections of the sources", title_justify="left")
    sources = statistics["sources"]
    calibrated = any("calibrated_quantiles" in source for source in sources.values())
    headings = ["source", "in", "left out", "to fusion", "images without", "median score r/c/f"]
    for heading in [*headings, *(["calibrated r/c/f"] if calibrated else [])]:
        table.add_column(heading, justify="left" if heading == "source" else "right")
    for name, source in sources.items():
        cells = [
            name,
            f"{source['detections']:,}",
            f"{source['detections'] - source['to_fusion']:,}",
            f"{source['to_fusion']:,}",
            f"{source['images_without_detections']:,}",
            _medians(source["score_quantiles"]),
        ]
        table.add_row(*cells, *([_medians(source["calibrated_quantiles"])] if calibrated else []))
    console.print(table)


def print_stages(statistics: dict[str, Any], console: Console) -> None:
    """What is left after every stage, by frequency group, and how often the cap binds."""
    table = Table(title="detections by stage", title_justify="left")
    table.add_column("")
    for heading in ("all", "rare", "common", "frequent"):
        table.add_column(heading, justify="right")
    for name, counts in statistics["stages"].items():
        table.add_row(name, *(f"{counts[key]:,}" for key in ("all", *FREQUENCY_GROUPS)))
    fusion = statistics["fusion"]
    for name in ("members per cluster", "sources per cluster"):
        means = fusion[name.replace(" ", "_")]
        table.add_row(name, *(_mean(means[key]) for key in ("all", *FREQUENCY_GROUPS)))
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
    names = {"r": "rare", "c": "common", "f": "frequent"}
    return ", ".join(f"{counts[letter]:,} {names[letter]}" for letter in FREQUENCY_GROUPS)
