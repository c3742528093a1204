"""What a terminal shows, at several widths."""

import io
from pathlib import Path

import pytest
from rich.console import Console
from support.dashboards.made_grid_in_motion import (
    BEGAN,
    append,
    line,
    row_of,
    started,
    step,
    write_plan,
)

from dashboards.live.page import watch_page
from dashboards.live.screen import screen
from dashboards.live.sight import Sight, Watcher
from dashboards.live.watched import find_watched
from dashboards.live.words import numbers, seconds_left, shortened, sparkline

LONG = "a_variant_whose_name_is_longer_than_any_column_that_a_narrow_terminal_has"


@pytest.fixture
def sight(tmp_path: Path) -> Sight:
    """A grid with something of each kind."""
    nodes = [
        *row_of(0, "sigmoid", ("done", "done", "done")),
        *row_of(1, "eql", ("running", "waiting", "waiting")),
        *row_of(2, LONG, ("running", "waiting", "waiting")),
        *row_of(3, "[bold]odd[/bold]", ("failed", "blocked", "blocked"), error=f"no [red] {LONG}"),
    ]
    for number in range(4, 20):
        nodes += row_of(number, f"row {number}", ("waiting", "waiting", "waiting"))
    write_plan(tmp_path / "grids" / "eql_2019_3", nodes)
    for number in (1, 2):
        lines = [step(100 * n, 3.0 - n / 10, BEGAN + 10 * n) for n in range(1, 11)]
        append(tmp_path, f"stage-{number:012}", started(90000), *lines)
    return Watcher(find_watched(tmp_path, None)).look(BEGAN + 102)


def lines_of(sight: Sight, width: int, height: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, record=True)
    console.print(screen(sight, width, height))
    return console.export_text().splitlines()


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_no_line_is_too_long_and_no_screen_too_high(sight: Sight, width: int) -> None:
    lines = lines_of(sight, width, 30)
    assert max(map(len, lines)) <= width and len(lines) <= 30
    assert lines[-1].startswith("... and ")


def test_numbers_are_those_of_the_journal(sight: Sight) -> None:
    text = "\n".join(lines_of(sight, 120, 60))
    (row,) = [line for line in text.splitlines() if line.startswith("eql training")]
    assert row.split()[2:5] == ["running", "1000/90000", "2.000"]
    # 100 iterations in 10 seconds, 89,000 left.
    # This journal keeps no memory.
    assert row.split()[-3:] == ["-", "8.0", "2:28:20"]
    assert seconds_left(sight) == 8900.0
    assert "began 1:42 ago, at least 2:28:20 left" in text
    assert "each node on 2 workers of 1 CPU, driven from" in text


@pytest.mark.parametrize(
    ("peaks", "words"),
    [
        ({}, "-"),
        ({"train/peak_memory_bytes": 3 * 2**29}, "1.5G"),
        (
            {"train/peak_memory_bytes": 2**30, "train/peak_gpu_memory_reserved_bytes": 20 * 2**30},
            "1.0G, GPU 20.0G",
        ),
    ],
)
def test_peaks_of_memory_are_those_of_the_last_line(
    tmp_path: Path, peaks: dict[str, int], words: str
) -> None:
    nodes = row_of(0, "eql", ("running", "waiting", "waiting"))
    write_plan(tmp_path / "grids" / "g", nodes)
    last = line({"step": 20, "train/loss": 1.0, **peaks, "time": BEGAN + 20, "attempt": 1})
    append(tmp_path, nodes[0]["id"], started(200), step(10, 2.0, BEGAN + 10), last)
    seen = Watcher(find_watched(tmp_path, None)).look(BEGAN + 30)
    assert numbers(seen.nodes[0])["memory"] == words
    assert words in watch_page(seen)
    shown = "\n".join(lines_of(seen, 120, 30))
    assert ("peak memory" in shown) and words in shown
    assert "peak memory" not in "\n".join(lines_of(seen, 100, 30))


def test_failures_come_first_and_names_are_no_markup(sight: Sight) -> None:
    lines = lines_of(sight, 80, 100)
    nodes = [line for line in lines if " training " in line]
    assert nodes[0].startswith("[bold]odd[/bold] training  failed  no [red] a_variant")
    assert [line.split() for line in lines[-3:]] == [
        ["sigmoid", "evaluation", "done"],
        ["sigmoid", "training", "done"],
        ["sigmoid", "predictions", "done"],
    ]


def test_long_names_keep_their_ends() -> None:
    assert shortened(LONG + " training", 30).endswith(" training")
    assert len(shortened(LONG, 30)) == 30 and shortened("short", 30) == "short"


def test_bars_span_the_values() -> None:
    assert sparkline([], 5) == ""
    assert sparkline([1.0, 1.0], 5) == "▁▁"
    assert sparkline([0.0, 7.0, 0.0, 0.0], 2) == "█▁"
    assert sparkline([float(n) for n in range(8)], 8) == "▁▂▃▄▅▆▇█"
