"""Parameters and operations of every detector that the docs name, at full size.

All are built on the meta device, so that no weight takes memory and no number is computed. What
cannot be built is listed with the reason.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from longtail.commands import run

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "architectures.json"
PAGE = ROOT / "docs" / "architectures.md"
BEGIN, END = "<!-- tables: python -m benchmarks.architectures -->\n", "<!-- end of tables -->\n"


@click.command()
@click.option("--categories", default=1203, show_default=True, help="K; LVIS has 1203.")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS, show_default=True)
@click.option("--write", is_flag=True, help="Put the tables into docs/architectures.md.")
def main(categories: int, out: Path, write: bool) -> None:
    """Count parameters and operations of the named detectors.

    \b
    Examples:
      python -m benchmarks.architectures
      python -m benchmarks.architectures --write
    """
    from benchmarks.architectures.table import tables

    figures = counted_figures(categories)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(figures, indent=1) + "\n")
    click.echo(tables(figures))
    if write:
        PAGE.write_text(with_tables(PAGE.read_text(), tables(figures)))


def with_tables(page: str, new: str) -> str:
    """The page with other tables between its two marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin and end, f"the page has no marks {BEGIN.strip()} and {END.strip()}"
    return f"{before}{begin}\n{new}\n{end}{after}"


def counted_figures(categories: int) -> dict[str, Any]:
    """The rows of both tables."""
    from benchmarks.architectures.count import DETECTIONS, HEIGHT, PROPOSALS, WIDTH
    from benchmarks.architectures.named import DETECTORS, NETWORKS

    rows = []
    for name, settings in DETECTORS.items():
        click.echo(name, file=sys.stderr)
        rows.append({"name": name, **_detector(settings, categories)})
    built = {row["name"]: row.get("parameters") for row in rows}
    return {
        "categories": categories,
        "image": [HEIGHT, WIDTH],
        "proposals": PROPOSALS,
        "detections": DETECTIONS,
        "detectors": rows,
        "networks": [_network(model, built[model]) for model in NETWORKS],
    }


def _detector(settings: Mapping[str, Any], categories: int) -> dict[str, Any]:
    from benchmarks.architectures.count import HEIGHT, WIDTH, cost_of
    from longtail.config.detector import Detector

    try:
        cost = cost_of(Detector().override(dict(settings)), categories, (HEIGHT, WIDTH))
    except ValueError as error:
        return {"skipped": str(error)}
    return {"parameters": dict(cost.parameters), "operations": dict(cost.operations)}


def _network(model: str, built: Mapping[str, int] | None) -> dict[str, Any]:
    from benchmarks.architectures.count import classifier_of
    from benchmarks.architectures.named import PUBLISHED

    said = PUBLISHED[model]
    return {
        "name": model,
        "parameters": built["backbone"] if built else None,
        **classifier_of(model),
        "published": said.parameters,
        "unit": said.unit,
        "source": said.source,
    }


if __name__ == "__main__":
    run(main)
