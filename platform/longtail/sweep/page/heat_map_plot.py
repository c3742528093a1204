"""Figure of a metric over the values of two searched paths."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from longtail.config.search_space import Choice, Integer
from longtail.metrics import points_text
from longtail.sweep.analysis.axis import Axis
from longtail.sweep.analysis.marginals import BinMean, HeatMap
from longtail.sweep.page.figure import (
    CHARACTER,
    Frame,
    Ticks,
    bottom_margin,
    cut,
    horizontal_axis,
    svg,
    vertical_axis,
)

WIDTH, BROAD, ROW, RIGHT, TOP = 460, 940, 40, 18, 30
MANY_COLUMNS = 8
"""More of them take the whole breadth of the page."""
LONGEST = 14
# Opacity of the worst and of the best cell, and from where on texts on it change their colour.
FAINT, FULL = 0.08, 0.95
MIDDLE, DEEP = 0.58, 0.66
# From these widths on a cell has room for a number of one decimal, of two.
NARROW, WIDE = 30, 40


def heat_map_plot(name: str, metric: str, across: Axis, down: Axis, cells: HeatMap) -> str:
    """Mean and number of trials of each cell; the best one is framed.

    Args:
        name: Id of the figure.
        metric: What is shown.
        across: The horizontal path.
        down: The vertical one, its first bin at the bottom.
        cells: The means.
    """
    ticks, rows = _ticks(across), _ticks(down)
    longest = max(min(len(text), LONGEST) for _, text in rows)
    left = 20 + round(CHARACTER * longest)
    width = BROAD if is_broad(across) else WIDTH
    bottom = bottom_margin(ticks, width - left - RIGHT)
    height = TOP + ROW * max(len(down.bins), 3) + bottom
    frame = Frame(width, height, left, RIGHT, TOP, bottom)
    elements = (
        f'<text x="8" y="16" class="strong">{cut(down.label, 56)}</text>',
        *vertical_axis(frame, rows, LONGEST, lines=False),
        *horizontal_axis(frame, ticks, lines=False),
        *_cells(frame, metric, across, down, cells),
    )
    title = f"{metric} over {across.path} and {down.path}"
    return svg(frame, name, title, _words(cells, metric), elements)


def is_broad(across: Axis) -> bool:
    """Whether a heat map takes the whole breadth of the page."""
    return len(across.bins) > MANY_COLUMNS


def _ticks(axis: Axis) -> Ticks:
    """The edges of a range's bins; values to choose from and whole numbers in the middle."""
    if isinstance(axis.dimension, Choice | Integer):
        return [((part.start + part.end) / 2, part.name) for part in axis.bins]
    edges = [axis.bins[0].start, *(part.end for part in axis.bins)]
    return [(edge, f"{axis.value_at(edge):.3g}") for edge in edges]


@dataclass(frozen=True)
class _Box:
    """Where a cell is, in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def place(self) -> str:
        corner = f'x="{self.x:.1f}" y="{self.y:.1f}"'
        return f'{corner} width="{self.width:.1f}" height="{self.height:.1f}" rx="2"'

    def text(self, look: str, lower: float, text: str) -> str:
        """A text that stands so many pixels below the middle."""
        x, y = self.x + self.width / 2, self.y + self.height / 2 + lower
        place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="middle"'
        return f'<text class="{look}" {place}>{text}</text>'


def _cells(frame: Frame, metric: str, across: Axis, down: Axis, cells: HeatMap) -> Iterator[str]:
    means = [cell.mean for row in cells.cells for cell in row if cell.mean is not None]
    worst, best = min(means, default=0.0), max(means, default=0.0)
    for part_down, row in zip(down.bins, cells.cells, strict=True):
        y, under = frame.y(part_down.end) + 1, frame.y(part_down.start) - 1
        for part_across, cell in zip(across.bins, row, strict=True):
            x, end = frame.x(part_across.start) + 1, frame.x(part_across.end) - 1
            box = _Box(x, y, end - x, under - y)
            if cell.mean is None:
                yield f'<rect class="nothing" {box.place}/>'
                continue
            share = (cell.mean - worst) / (best - worst) if best > worst else 0.5
            yield from _cell(box, metric, cell, cell.mean, FAINT + share * (FULL - FAINT))
            if cell.mean == best and best > worst:
                yield f'<rect class="best" {box.place}/>'


def _cell(box: _Box, metric: str, cell: BinMean, mean: float, opacity: float) -> Iterator[str]:
    look = "on-deep" if opacity >= DEEP else "on-middle" if opacity >= MIDDLE else "on-faint"
    hover = f"{cell.name}: mean {metric} {points_text(mean)}, trials: {cell.num_trials}"
    yield f'<rect class="heat" {box.place} fill-opacity="{opacity:.2f}"/>'
    if box.width >= NARROW:
        decimals = 2 if box.width >= WIDE else 1
        yield box.text(f"{look} heat-value", -1, f"{100 * mean:.{decimals}f}")
        yield box.text(f"{look} count", 12, f"n {cell.num_trials}")
    yield f'<rect class="touch" {box.place}><title>{escape(hover)}</title></rect>'


def _words(cells: HeatMap, metric: str) -> str:
    held = [cell for row in cells.cells for cell in row if cell.mean is not None]
    if not held:
        return "No trial."
    best = max(held, key=lambda cell: cell.mean or 0.0)
    return (
        f"Mean {metric} of {len(held)} cells that have trials. Best: {best.name} with"
        f" {points_text(best.mean or 0.0)}, trials: {best.num_trials}."
    )
