"""The tables of docs/architectures.md, of what was counted."""

from collections.abc import Mapping, Sequence
from typing import Any

PARTS = ("backbone", "neck", "rpn", "heads")
OPERATIONS = ("backbone", "neck", "rpn", "boxes", "masks", "context")


def tables(figures: Mapping[str, Any]) -> str:
    """Markdown: the detectors, then their networks beside timm's classifiers."""
    return f"{_detectors(figures['detectors'])}\n\n{_networks(figures['networks'])}\n"


def _detectors(rows: Sequence[Mapping[str, Any]]) -> str:
    heads = [
        "detector",
        *(f"{part}, M" for part in PARTS),
        "all, M",
        *(f"{part}, GFLOPs" for part in OPERATIONS),
        "all, GFLOPs",
    ]
    table = _table(heads, [_detector(row) for row in rows if "skipped" not in row])
    left_out = [f"- Not built: {r['name']}: {r['skipped']}" for r in rows if "skipped" in r]
    return "\n".join([table, "", *left_out]) if left_out else table


def _detector(row: Mapping[str, Any]) -> list[str]:
    counts = [row["parameters"][part] for part in PARTS]
    operations = [row["operations"][part] for part in OPERATIONS]
    millions = [f"{count / 1e6:.2f}" for count in (*counts, sum(counts))]
    return [row["name"], *millions, *(f"{n / 1e9:.1f}" for n in (*operations, sum(operations)))]


def _networks(rows: Sequence[Mapping[str, Any]]) -> str:
    heads = ["network", "here", "timm's classifier", "its last layer", "rest", "published", "by"]
    return _table(heads, [_network(row) for row in rows])


def _network(row: Mapping[str, Any]) -> list[str]:
    here = row["parameters"]
    whole, last = row["classifier"], row["last layer"]
    published, unit = row["published"], row["unit"]
    said = f"{published:,}" if unit == 1 else f"{published / 1e6:.2f} M"
    rest = "" if here is None else f"{whole - last - here:,}"
    own = "not built" if here is None else f"{here:,}"
    return [row["name"], own, f"{whole:,}", f"{last:,}", rest, said, row["source"]]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
