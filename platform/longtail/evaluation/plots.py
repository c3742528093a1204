"""A page that shows AP by category against training images: one HTML file with inline SVG.

The plot that says what a long-tail method does: one dot a category, log x, a colour a group.
The page needs no network and no script; hover texts are SVG titles.
"""

import math
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from longtail.categories import GROUP_NAMES
from longtail.evaluation.report import CategoryAP, Evaluation
from longtail.files import write_text
from longtail.metrics import UNDEFINED, points_text

# Okabe and Ito's palette, told apart by colour-blind readers too.
COLOURS = {"r": "#d55e00", "c": "#0072b2", "f": "#009e73"}

WIDTH, HEIGHT = 900, 480
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 20, 50
# Where categories without a training image stand on the log axis.
ZERO_IMAGES_AT = 0.5

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ font: 14px sans-serif; margin: 2em; color: #222; }}
svg {{ max-width: 100%; height: auto; }}
text {{ font: 12px sans-serif; fill: #444; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{summary}</p>
{svg}
</body>
</html>
"""


def write_ap_by_category(
    evaluation: Evaluation, path: Path, title: str = "AP by category against training images"
) -> None:
    """Write the page; categories that do not occur in the evaluated split are left out."""
    write_text(path, ap_by_category_page(evaluation, title))


def ap_by_category_page(evaluation: Evaluation, title: str) -> str:
    """The page's HTML: mask AP, or box AP where mask AP is undefined."""
    masks = evaluation.segm["AP"] != UNDEFINED
    metrics = evaluation.segm if masks else evaluation.box
    points = [
        (record, ap)
        for record in evaluation.per_category
        if (ap := record.segm_ap if masks else record.box_ap) != UNDEFINED
    ]
    kind = "mask" if masks else "box"
    groups = ", ".join(f"AP{letter} {points_text(metrics['AP' + letter])}" for letter in COLOURS)
    summary = f"{len(points)} categories, {kind} AP {points_text(metrics['AP'])}, {groups}"
    return PAGE.format(title=escape(title), summary=escape(summary), svg=_svg(points, metrics))


def _svg(points: Sequence[tuple[CategoryAP, float]], metrics: dict[str, float]) -> str:
    decades = _decades([record.image_count for record, _ in points])
    elements = (
        *_axes(decades),
        *(_dot(record, ap, decades) for record, ap in points),
        *_group_means(points, metrics, decades),
    )
    frame = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {frame}>\n' + "\n".join(elements) + "\n</svg>"


def _decades(image_counts: Sequence[int]) -> int:
    return max(1, math.ceil(math.log10(max((1, *image_counts)))))


def _x(image_count: int, decades: int) -> float:
    first = math.log10(ZERO_IMAGES_AT)
    share = (math.log10(max(image_count, ZERO_IMAGES_AT)) - first) / (decades - first)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(ap: float) -> float:
    return HEIGHT - BOTTOM - ap * (HEIGHT - TOP - BOTTOM)


def _axes(decades: int) -> Iterator[str]:
    for ap in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        y = _y(ap)
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{100 * ap:.0f}</text>'
    for images in (0, *(10**decade for decade in range(decades + 1))):
        x = _x(images, decades)
        yield f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#eee"/>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{images}</text>'
    label_x = (LEFT + WIDTH - RIGHT) / 2
    label = "training images of the category"
    yield f'<text x="{label_x}" y="{HEIGHT - 10}" text-anchor="middle">{label}</text>'
    yield f'<text x="12" y="{TOP + 4}">AP</text>'


def _dot(record: CategoryAP, ap: float, decades: int) -> str:
    hover = (
        f"{record.name}: AP {points_text(ap)}, {record.image_count} training images, "
        f"{record.instance_count} instances"
    )
    place = f'cx="{_x(record.image_count, decades):.1f}" cy="{_y(ap):.1f}"'
    look = f'r="3" fill="{COLOURS[record.group]}" fill-opacity="0.6"'
    return f"<circle {place} {look}><title>{escape(hover)}</title></circle>"


def _group_means(
    points: Sequence[tuple[CategoryAP, float]], metrics: dict[str, float], decades: int
) -> Iterator[str]:
    """A line at each group's AP, over the training images its categories have."""
    for letter, colour in COLOURS.items():
        counts = [record.image_count for record, _ in points if record.group == letter]
        if not counts:
            continue
        start, end, y = (
            _x(min(counts), decades),
            _x(max(counts), decades),
            _y(metrics[f"AP{letter}"]),
        )
        name = f"AP{letter} ({GROUP_NAMES[letter]}) {points_text(metrics['AP' + letter])}"
        yield f'<path d="M{start:.1f} {y:.1f}H{end:.1f}" stroke="{colour}" stroke-width="3"/>'
        yield f'<text x="{start + 4:.1f}" y="{y - 6:.1f}" style="fill:{colour}">{name}</text>'
