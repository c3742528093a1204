"""Descriptions of experiments and parent runs: the links first, then the rows by falling AP."""

import re
from collections.abc import Sequence

from dashboards.views.links import Link, run_link
from longtail.metrics import BOX_AP, GROUP_METRICS, HEADINGS, mlflow_name
from longtail.tracking.experiment import SeenRun

OPEN = "**Open:** "
"""Begins the line of links: MLflow folds a description to its first lines."""
MOST_ROWS = 25
ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"})
"""MLflow's Markdown takes no backslash before these."""
UNDEFINED_TEXT = "not defined"
AP = mlflow_name("AP")
COLUMNS = {
    **{HEADINGS[metric]: mlflow_name(metric) for metric in GROUP_METRICS[1:]},
    HEADINGS[BOX_AP]: mlflow_name("AP", "box"),
}


def note(links: Sequence[Link], body: str) -> str:
    """A description: links in one line, and what follows."""
    line = OPEN + " · ".join(link.markdown for link in links)
    return f"{line}\n\n{body}".strip() if links else body


def body_of(text: str) -> str:
    """What a description says below a line of links, if it has one."""
    if not text.startswith(OPEN):
        return text
    return text.partition("\n\n")[2]


def ranked(experiment: str, rows: Sequence[SeenRun]) -> str:
    """The rows by falling mask AP as a Markdown table in points; names open their runs."""
    order = sorted(rows, key=lambda run: (-run.metrics.get(AP, -1.0), run.name))
    heads = ["", "row", "AP", "95% interval", *COLUMNS]
    lines = [_line(heads), _line(["---"] * len(heads))]
    for place, run in enumerate(order[:MOST_ROWS], start=1):
        link = run_link(experiment, run.id, _plain(run.name)).markdown
        groups = [_points(run, name) for name in COLUMNS.values()]
        ranked_at = str(place) if AP in run.metrics else ""
        lines.append(_line([ranked_at, link, _points(run, AP), _interval(run), *groups]))
    left = len(order) - MOST_ROWS
    if left > 0:
        lines += ["", f"{left} more rows are in the view Rows."]
    return "\n".join(["Mask AP on val, in points.", "", *lines])


def _points(run: SeenRun, name: str) -> str:
    value = run.metrics.get(name)
    return UNDEFINED_TEXT if value is None else f"{value:.2f}"


def _interval(run: SeenRun) -> str:
    low, high = run.metrics.get(f"{AP}_low"), run.metrics.get(f"{AP}_high")
    return "not known" if low is None or high is None else f"{low:.2f} to {high:.2f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(name: str) -> str:
    """A name as text of Markdown, whatever is in it."""
    marked = re.sub(r"([\\`*_{}\[\]()])", r"\\\1", " ".join(name.split()))
    return marked.translate(ENTITIES)
