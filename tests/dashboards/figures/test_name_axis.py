"""Names of 80 characters in the figures of a column, a page of a paper, and a page of a browser."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.dashboards.made_calibration import made_calibration, made_reliable
from support.dashboards.made_merge import made_merge_evaluation
from support.dashboards.made_telemetry import write_made_telemetry

from dashboards.export import svg
from dashboards.figure import COLUMN_WIDTH, PAGE_WIDTH, Figure
from dashboards.figures.diagnosis.calibration_change import calibration_change
from dashboards.figures.diagnosis.reliability_change import reliability_change
from dashboards.figures.ensemble.steps import steps
from dashboards.figures.name_axis import name_axis, name_title
from dashboards.figures.search.importance import importance
from dashboards.figures.taught import taught
from dashboards.figures.training.gantt import gantt
from dashboards.look import PAGE, PAPER
from dashboards.sources.node_times import Attempt, NodeTime

# They differ behind what any end that is cut off would leave.
NAMES = [
    f"seesaw_head_with_repeat_factors_of_0.001_for_{epochs}_epochs_and_a_long_warm_up_of_it"[:80]
    for epochs in (12, 24)
]
PATHS = [f"stages.1.classifier.members.{n}.background_per_foreground_of_{'x' * 25}" for n in "01"]


def made(folder: Path) -> dict[str, Figure]:
    attempt = Attempt(0, 60)
    nodes = [NodeTime(f"stage-{n}", "stage", n, ("a",), 0, (attempt,), True) for n in NAMES]
    errors = {name: {"all": (0.2, 0.1), "f": (0.1, 0.05)} for name in NAMES}
    tree = made_merge_evaluation()
    tree["sources"] = dict(zip(NAMES, tree["sources"].values(), strict=True))
    trainings = {name: write_made_telemetry(folder / name[:50], [99, 11, 90]) for name in NAMES}
    found = {
        "gantt": gantt(nodes),
        "importance": importance(
            dict(zip(PATHS, PATHS, strict=True)), {"AP": dict.fromkeys(PATHS, 0.5)}, "AP"
        ),
        "errors": calibration_change(made_calibration(errors)),
        "reliability": reliability_change(made_reliable(NAMES)),
        "steps": steps(tree),
        "taught": taught(trainings),
    }
    return {name: figure for name, figure in found.items() if figure is not None}


@pytest.mark.parametrize("width", [PAGE_WIDTH, COLUMN_WIDTH])
def test_figures_stay_as_wide_as_asked_for_and_names_differ(width: int, tmp_path: Path) -> None:
    figures = made(tmp_path)
    assert len(figures) == 6
    for name, figure in figures.items():
        tree = ElementTree.fromstring(svg(figure, width))
        assert float(tree.attrib["width"]) <= 1.04 * width, name
        texts = [of.text or "" for of in tree.iter("{http://www.w3.org/2000/svg}text")]
        shown = [text for text in texts if text.startswith(("seesaw", "stages", "1:", "2:"))]
        # Each label once, in each of the panels.
        panels = len(figure.panels) if name == "steps" else 1
        assert len(shown) == panels * len({*shown}) >= 2, (name, shown)
        assert all("\u2026" in text for text in shown), (name, shown)


def test_names_that_have_room_stay_whole_and_the_plot_keeps_its_width() -> None:
    axis = name_axis(["r50", "x101"], PAPER, 440)
    assert (axis.label_expr, axis.plot) == ("datum.label", 440)
    assert name_axis(["r50"], PAGE, "container").label_expr == "datum.label"


def test_on_paper_the_plot_gets_what_names_leave() -> None:
    axis = name_axis(NAMES, PAPER, 440)
    # At most 46 % of the 500 points are names.
    assert isinstance(axis.plot, int) and 0.5 * 500 < axis.plot < 440
    short = name_axis(NAMES, PAPER, 180)
    assert isinstance(short.plot, int) and 100 < short.plot < 180


def test_a_page_has_more_of_a_name_where_its_panel_is_wide() -> None:
    expression = name_axis(NAMES, PAGE, "container").label_expr
    wide, narrow = expression.split(">= 620 ? ")[1].split(" : (", 1)
    longest = [max(map(len, re.findall(r'"([^"]*\\u2026[^"]*)"', of))) for of in (wide, narrow)]
    assert longest[0] > longest[1] + 10


def test_ends_of_labels_are_never_cut() -> None:
    axis = name_axis(NAMES, PAPER, 180, (", rare", ", frequent"))
    shown = re.findall(r'"([^"]*\\u2026[^"]*)"', axis.label_expr)
    assert [of.rpartition(",")[2] for of in shown] == [" rare", " frequent"] * 2


def test_titles_of_panels_differ() -> None:
    titles = {str(name_title(name, NAMES, PAPER, 180)) for name in NAMES}
    assert len(titles) == 2 and all("\u2026" in title for title in titles)
    assert name_title("r50", ["r50"], PAGE, "container") == "r50"
