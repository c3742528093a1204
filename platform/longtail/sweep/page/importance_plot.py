"""Figure of what each searched path explains: a bar for each."""

from collections.abc import Iterator, Mapping, Sequence

from longtail.sweep.page.figure import CHARACTER, Frame, cut, svg

WIDTH, ROW, BAR, TOP, BOTTOM, RIGHT = 700, 18, 14, 8, 8, 56
GAP = 12
LONGEST = 38
LOOKS = ("first", "second", "third", "fourth", "fifth")
"""Classes of the bars, a metric each."""


def importance_plot(
    name: str, labels: Mapping[str, str], shares: Mapping[str, Mapping[str, float]]
) -> str:
    """Bars from the most important path to the least, one for each metric.

    Args:
        name: Id of the figure.
        labels: Short names by path.
        shares: By metric, then by path.
    """
    first = next(iter(shares.values()))
    paths = list(first)
    height = TOP + BOTTOM + len(paths) * (ROW * len(shares) + GAP) - GAP
    longest = max(min(len(labels[path]), LONGEST) for path in paths)
    frame = Frame(WIDTH, height, 20 + round(CHARACTER * longest), RIGHT, TOP, BOTTOM)
    largest = max(share for of_metric in shares.values() for share in of_metric.values())
    elements = list(_bars(frame, paths, labels, shares, largest))
    return svg(frame, name, "Importance of the searched paths", _words(paths, shares), elements)


def _bars(
    frame: Frame,
    paths: Sequence[str],
    labels: Mapping[str, str],
    shares: Mapping[str, Mapping[str, float]],
    largest: float,
) -> Iterator[str]:
    for place, path in enumerate(paths):
        top = frame.top + place * (ROW * len(shares) + GAP)
        middle = top + ROW * len(shares) / 2
        label = f'x="{frame.left - 10}" y="{middle + 4:.1f}" text-anchor="end" class="strong"'
        yield f"<text {label}>{cut(labels[path], LONGEST)}</text>"
        for number, (metric, of_metric) in enumerate(shares.items()):
            y = top + ROW * number + (ROW - BAR) / 2
            width = max(frame.x(of_metric[path] / largest) - frame.left, 1)
            box = f'x="{frame.left}" y="{y:.1f}" width="{width:.1f}" height="{BAR}" rx="2"'
            hover = f"{path}: {of_metric[path]:.1%} for {metric}"
            yield f'<rect class="{LOOKS[number]}" {box}><title>{hover}</title></rect>'
            text = f'x="{frame.left + width + 7:.1f}" y="{y + BAR - 3:.1f}"'
            yield f"<text {text}>{of_metric[path]:.0%}</text>"


def _words(paths: Sequence[str], shares: Mapping[str, Mapping[str, float]]) -> str:
    return "; ".join(
        f"{metric}: {', '.join(f'{path} {of_metric[path]:.0%}' for path in paths)}"
        for metric, of_metric in shares.items()
    )
