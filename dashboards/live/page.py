"""A sight as a small page that loads itself again, for those who have only a browser."""

from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dashboards.live.sight import NodeSight, Sight
from dashboards.live.words import headline, numbers, told, totals
from dashboards.look import css_variables

RELOAD_SECONDS = 5
CURVE = (120, 22)
"""Width and height of a curve of the loss, in pixels."""


def watch_page(sight: Sight) -> str:
    """The page's HTML: no script, nothing from elsewhere."""
    environment = Environment(
        loader=PackageLoader("dashboards", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    trained = [item for item in sight.ordered if item.training and item.state != "failed"]
    others = [item for item in sight.ordered if item.state != "failed" and item not in trained]
    return environment.get_template("watch.html").render(
        title=headline(sight),
        style=Markup(css_variables()),
        reload=None if sight.is_over else RELOAD_SECONDS,
        at=f"{datetime.fromtimestamp(sight.now, UTC):%Y-%m-%d %H:%M:%S} UTC",
        totals=totals(sight),
        problems=sight.problems,
        trainings=[_line(item, sight.now) for item in trained],
        failed=[_line(item, sight.now) for item in sight.of("failed")],
        others=[_line(item, sight.now) for item in others],
        curve=CURVE,
    )


def _line(item: NodeSight, now: float) -> dict[str, object]:
    state = item.training
    return {
        "title": item.node.title,
        "id": item.node.id,
        "state": item.state,
        "told": told(item, now),
        "points": "" if state is None else _points(state.losses),
        **numbers(item),
    }


def _points(values: tuple[float, ...]) -> str:
    """A curve's corners; nothing of a single value."""
    if len(values) < 2:
        return ""
    width, height = CURVE
    low, span = min(values), (max(values) - min(values)) or 1.0
    corners = (
        (width * i / (len(values) - 1), 1 + (height - 2) * (1 - (value - low) / span))
        for i, value in enumerate(values)
    )
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
