"""A page that shows AP and APr over both margins: one HTML file with inline SVG.

A square is a pair of margins that was tried; small ones are of the finer grid. The page needs no
network and no script; hover texts are SVG titles.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from ensemble.tuning.objective.margins import MAX_COMMON, MAX_RARE, MarginTrials
from longtail.files import write_text
from longtail.metrics import UNDEFINED

SHOWN = ("AP", "APr")
SIDE, LEFT, TOP, RIGHT, BOTTOM = 340, 62, 34, 26, 92
WIDTH, HEIGHT = LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM
# From low to high, also by lightness alone.
COLOURS = ((98, 60, 170), (62, 100, 170), (33, 145, 140), (94, 201, 98), (253, 231, 37))

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --ink: #222; --ground: #fff; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #ddd; --ground: #161616; }} }}
body {{ font: 14px sans-serif; margin: 2em; color: var(--ink); background: var(--ground); }}
rect {{ shape-rendering: crispEdges; }}
text {{ font: 12px sans-serif; fill: var(--ink); }}
.title {{ font-weight: bold; }}
.best {{ fill: none; stroke: #fff; stroke-width: 2; }}
.best-edge {{ fill: none; stroke: #000; stroke-width: 4; }}
.start {{ stroke: #fff; stroke-width: 2; }}
.start-edge {{ stroke: #000; stroke-width: 4; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{summary}</p>
{panels}
<p>Circle: the best of a metric. Cross: the margins that the search began with. The rare margin is
never below the common one.</p>
</body>
</html>
"""


def write_heat_map(trials: MarginTrials, path: Path, about: str) -> None:
    """Write the page.

    Args:
        trials: The margins of one fusion.
        path: The file.
        about: A sentence on what was fused.
    """
    summary = f"{len(trials)} pairs of margins. {about}"
    panels = "\n".join(_panel(trials, name) for name in SHOWN)
    title = "AP by the margins of rare and common categories"
    page = PAGE.format(title=title, summary=escape(summary), panels=panels)
    write_text(path, page)


def _panel(trials: MarginTrials, name: str) -> str:
    values = trials.metrics[name]
    frame = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img"'
    parts = [f'<text class="title" x="{LEFT}" y="20">{name} in points</text>']
    if max(values) == UNDEFINED:
        parts.append(f'<text x="{LEFT}" y="{TOP + 20}">no category of the group occurs</text>')
    else:
        parts += [*_cells(trials, name), *_axes(), *_scale(min(values), max(values))]
        parts += [*_start(trials), *_best(trials, name)]
    return f'<svg xmlns="http://www.w3.org/2000/svg" {frame}>\n' + "\n".join(parts) + "\n</svg>"


def _x(common: float) -> float:
    return LEFT + SIDE * common / MAX_COMMON


def _y(rare: float) -> float:
    return TOP + SIDE * (1 - rare / MAX_RARE)


def _cells(trials: MarginTrials, name: str) -> Iterator[str]:
    values = trials.metrics[name]
    low, high = min(values), max(values)
    cells = zip(trials.rare, trials.common, trials.cell, values, strict=True)
    # Small squares last, over the large ones.
    for rare, common, cell, value in sorted(cells, key=lambda row: -row[2]):
        if not cell:
            continue
        # Cut to the axes' range.
        left, right = (max(0.0, common - cell / 2), min(MAX_COMMON, common + cell / 2))
        bottom, top = (max(0.0, rare - cell / 2), min(MAX_RARE, rare + cell / 2))
        hover = f"rare {rare:.4g}, common {common:.4g}: {name} {100 * value:.2f}"
        # A little more than their share, so that no ground shows between them.
        width, height = _x(right) - _x(left) + 0.6, _y(bottom) - _y(top) + 0.6
        yield (
            f'<rect x="{_x(left):.1f}" y="{_y(top):.1f}" width="{width:.1f}" '
            f'height="{height:.1f}" fill="{_colour(value, low, high)}">'
            f"<title>{hover}</title></rect>"
        )


def _colour(value: float, low: float, high: float) -> str:
    share = (value - low) / (high - low) if high > low else 1.0
    place = share * (len(COLOURS) - 1)
    first = min(int(place), len(COLOURS) - 2)
    pairs = zip(COLOURS[first], COLOURS[first + 1], strict=True)
    red, green, blue = (round(a + (place - first) * (b - a)) for a, b in pairs)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _axes() -> Iterator[str]:
    bottom = TOP + SIDE
    for step in range(4):
        common, rare = step * MAX_COMMON / 3, step * MAX_RARE / 3
        yield f'<text x="{_x(common):.1f}" y="{bottom + 16}" text-anchor="middle">{common:g}</text>'
        yield f'<text x="{LEFT - 6}" y="{_y(rare) + 4:.1f}" text-anchor="end">{rare:g}</text>'
    middle = TOP + SIDE / 2
    yield f'<text x="{LEFT + SIDE / 2}" y="{bottom + 34}" text-anchor="middle">common margin</text>'
    turned = f'transform="rotate(-90 16 {middle})"'
    yield f'<text x="16" y="{middle}" text-anchor="middle" {turned}>rare margin</text>'


def _scale(low: float, high: float) -> Iterator[str]:
    top, num = TOP + SIDE + 48, 40
    for i in range(num):
        colour = _colour(i / (num - 1), 0.0, 1.0)
        x, width = LEFT + i * SIDE / num, SIDE / num + 0.5
        yield f'<rect x="{x:.1f}" y="{top}" width="{width:.1f}" height="10" fill="{colour}"/>'
    yield f'<text x="{LEFT}" y="{top + 26}">{100 * low:.2f}</text>'
    yield f'<text x="{LEFT + SIDE}" y="{top + 26}" text-anchor="end">{100 * high:.2f}</text>'


def _start(trials: MarginTrials) -> Iterator[str]:
    if trials.rare[0] > MAX_RARE or trials.common[0] > MAX_COMMON:
        return
    x, y = _x(trials.common[0]), _y(trials.rare[0])
    for look in ("start-edge", "start"):
        yield f'<path class="{look}" d="M{x - 6:.1f} {y:.1f}h12M{x:.1f} {y - 6:.1f}v12"/>'


def _best(trials: MarginTrials, name: str) -> Iterator[str]:
    place = trials.best([name])
    rare, common = trials.rare[place], trials.common[place]
    if rare > MAX_RARE or common > MAX_COMMON:
        return
    for look in ("best-edge", "best"):
        yield f'<circle class="{look}" cx="{_x(common):.1f}" cy="{_y(rare):.1f}" r="7"/>'
