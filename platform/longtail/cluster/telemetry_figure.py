"""Figure of what classifiers were taught: positives and valid negatives of each category.

As in the equalization loss's report (003), which shows them before and after the loss's masking: a
panel for each training, categories from the most frequent to the rarest. One SVG, without scripts.
"""

import math
from collections.abc import Iterator, Mapping
from html import escape

import numpy as np
from numpy.typing import NDArray

from longtail.categories import FREQUENCY_GROUPS, GROUP_NAMES
from longtail.training.telemetry_files import TrainingTelemetry

# Okabe and Ito's palette, told apart by colour-blind readers too.
POSITIVE, FOREGROUND, BACKGROUND, MASKED = "#0072b2", "#d55e00", "#009e73", "#999999"

WIDTH, LEFT, RIGHT = 900, 60, 20
PANEL, TOP, BOTTOM = 300, 46, 34
LEGEND = 30
# Where a count of 0 stands on the log axis.
ZERO_AT = 0.2
MANY_CATEGORIES = 150
"""More of them are drawn as smaller dots."""


def telemetry_figure(trainings: Mapping[str, TrainingTelemetry]) -> str:
    """The SVG, a panel for each training under its name; all have the same vertical axis."""
    largest = max(max(_largest(training) for training in trainings.values()), 10)
    decades = math.ceil(math.log10(largest))
    height = LEGEND + PANEL * len(trainings)
    elements = list(_legend())
    for number, (name, training) in enumerate(trainings.items()):
        elements.append(f'<g transform="translate(0 {LEGEND + PANEL * number})">')
        elements.extend(_panel(name, training, decades))
        elements.append("</g>")
    frame = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img"'
    style = "text { font: 12px sans-serif; fill: #444; } .name { font-weight: bold; fill: #222; }"
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" {frame}>\n<style>{style}</style>'
    ground = f'<rect width="{WIDTH}" height="{height}" fill="white"/>'
    return "\n".join((opening, ground, *elements, "</svg>\n"))


def _largest(training: TrainingTelemetry) -> int:
    window = training.window
    return max(int(window.foreground_negatives.max()), window.background_negatives)


def _legend() -> Iterator[str]:
    entries = (
        (LEFT, POSITIVE, "positive RoIs"),
        (170, FOREGROUND, "valid negatives of other categories"),
        (400, MASKED, "all of them, also masked"),
        (570, BACKGROUND, "valid negatives of the background"),
    )
    for x, colour, text in entries:
        yield f'<circle cx="{x}" cy="16" r="4" fill="{colour}"/>'
        yield f'<text x="{x + 9}" y="20">{text}</text>'


def _panel(name: str, training: TrainingTelemetry, decades: int) -> Iterator[str]:
    window = training.window
    order = np.lexsort((training.category_ids, -training.image_count))
    yield f'<text x="{LEFT}" y="16" class="name">{escape(name)}</text>'
    yield f'<text x="{LEFT}" y="34">{escape(_summary(training))}</text>'
    yield from _groups(training.frequency[order])
    yield from _axis(decades)
    series = (
        (window.foreground_negatives, MASKED),
        (window.valid_background_negatives, BACKGROUND),
        (window.valid_foreground_negatives, FOREGROUND),
        (window.positives, POSITIVE),
    )
    for counts, colour in series:
        yield _dots(counts[order], colour, decades)


def _summary(training: TrainingTelemetry) -> str:
    window = training.window
    of_groups = []
    for letter in reversed(FREQUENCY_GROUPS):
        members = training.frequency == letter
        negatives = window.valid_foreground_negatives[members].sum()
        ratio = f"{window.positives[members].sum() / negatives:.2g}" if negatives else "-"
        of_groups.append(f"{letter} {ratio}")
    steps = f"steps {training.first_step + 1} to {training.last_step}, {window.rois:,} RoIs"
    return f"{steps}; positives / valid negatives of other categories: {', '.join(of_groups)}"


def _groups(frequency: NDArray[np.str_]) -> Iterator[str]:
    """The span of each frequency group below the axis; the counts order the groups as well."""
    for letter in FREQUENCY_GROUPS:
        places = np.flatnonzero(frequency == letter)
        if not len(places):
            continue
        start, end = _x(places[0], len(frequency)), _x(places[-1] + 1, len(frequency))
        y = PANEL - BOTTOM + 8
        text = f"{GROUP_NAMES[letter]} ({len(places)})"
        yield f'<path d="M{start + 1:.1f} {y}H{end - 1:.1f}" stroke="#444" stroke-width="2"/>'
        yield f'<path d="M{end:.1f} {TOP}V{y}" stroke="#e4e4e4"/>'
        yield f'<text x="{(start + end) / 2:.1f}" y="{y + 15}" text-anchor="middle">{text}</text>'


def _axis(decades: int) -> Iterator[str]:
    for count in (0, *(10**decade for decade in range(decades + 1))):
        y = float(_y(np.array(count), decades))
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#e4e4e4"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_short(count)}</text>'


def _short(count: int) -> str:
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count // size}{letter}"
    return str(count)


def _dots(counts: NDArray[np.int64], colour: str, decades: int) -> str:
    places = (
        f"M{_x(place + 0.5, len(counts)):.1f} {y:.1f}h0"
        for place, y in enumerate(_y(counts, decades).tolist())
    )
    size = 3 if len(counts) > MANY_CATEGORIES else 5
    look = f'stroke="{colour}" stroke-width="{size}" stroke-linecap="round" fill="none"'
    return f'<path d="{"".join(places)}" {look}/>'


def _x(place: float, num_categories: int) -> float:
    return LEFT + place / num_categories * (WIDTH - LEFT - RIGHT)


def _y(counts: NDArray[np.int64], decades: int) -> NDArray[np.float64]:
    first = math.log10(ZERO_AT)
    share = (np.log10(np.maximum(counts, ZERO_AT)) - first) / (decades - first)
    below: NDArray[np.float64] = PANEL - BOTTOM - share * (PANEL - TOP - BOTTOM)
    return below
