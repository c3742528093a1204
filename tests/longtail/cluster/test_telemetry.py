import csv
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from longtail.categories import CategoryTable
from longtail.cluster.telemetry import main, training_directory
from longtail.cluster.telemetry_figure import telemetry_figure
from longtail.problems import BadInputError
from longtail.training.telemetry_files import read_telemetry, write_window
from longtail.training.telemetry_window import TelemetryWindow

SVG = "{http://www.w3.org/2000/svg}"
# By falling image count: ids 5, 9, 2.
CATEGORIES = CategoryTable.from_records(
    [
        {"id": 2, "name": "gavel", "frequency": "r", "image_count": 3, "instance_count": 3},
        {"id": 5, "name": "cup", "frequency": "f", "image_count": 900, "instance_count": 2000},
        {"id": 9, "name": "sled", "frequency": "c", "image_count": 40, "instance_count": 60},
    ],
    "here",
)


def _window(valid: list[int]) -> TelemetryWindow:
    positives = np.array([1, 89, 10])
    sums = np.array([0.0, 4.0, 2.0])
    return TelemetryWindow(
        steps=10,
        rois=1000,
        positives=positives,
        valid_positives=positives,
        valid_foreground_negatives=np.array(valid),
        valid_background_negatives=np.array([900, 900, 900]),
        positive_gradient=sums,
        foreground_negative_gradient=sums,
        background_negative_gradient=sums,
        scores=sums,
        positive_scores=sums,
    )


@pytest.fixture
def row(tmp_path: Path) -> Callable[[str, list[int]], Path]:
    """The folder of a row whose training saw one window with these valid negatives."""

    def make(name: str, valid: list[int]) -> Path:
        node = tmp_path / "nodes" / f"stage-{name}"
        write_window(node, 10, _window(valid), CATEGORIES)
        folder = tmp_path / "grids" / "table" / name
        folder.mkdir(parents=True)
        (folder / "training").symlink_to(node)
        return folder

    return make


def _paths(svg: str, colour: str) -> list[str]:
    """The dots of each panel in this colour."""
    tree = ElementTree.fromstring(svg)
    return [
        path.attrib["d"]
        for path in tree.iter(f"{SVG}path")
        if path.attrib.get("stroke") == colour and "h0" in path.attrib["d"]
    ]


def _heights(path: str) -> list[float]:
    return [float(dot.split()[1].removesuffix("h0")) for dot in path.split("M")[1:]]


def test_categories_stand_from_frequent_to_rare(row: Callable[..., Path]) -> None:
    training = read_telemetry(training_directory(row("eql", [0, 11, 0])))
    svg = telemetry_figure({"eql": training})
    positives = _heights(_paths(svg, "#0072b2")[0])
    valid = _heights(_paths(svg, "#d55e00")[0])
    # Larger counts stand higher, which is a smaller y: 89, 10 and 1 positives.
    assert positives[0] < positives[1] < positives[2]
    # 11 of the frequent category, and none of the others, which stand on the line of 0.
    assert valid[0] < valid[1] == valid[2]
    assert "of other categories: f 8.1, c -, r -" in svg


def test_panels_share_their_axis(row: Callable[..., Path]) -> None:
    trainings = {
        name: read_telemetry(training_directory(row(name, valid)))
        for name, valid in (("sigmoid", [99, 11, 90]), ("eql", [0, 11, 0]))
    }
    positives = _paths(telemetry_figure(trainings), "#0072b2")
    assert len(positives) == 2 and positives[0] == positives[1]


def test_names_are_escaped(row: Callable[..., Path]) -> None:
    training = read_telemetry(training_directory(row("eql", [0, 11, 0])))
    assert "a&lt;b" in telemetry_figure({"a<b": training})


def test_the_command_writes_a_figure_and_a_table(row: Callable[..., Path], tmp_path: Path) -> None:
    rows = row("sigmoid", [99, 11, 90]), row("eql", [0, 11, 0])
    figure, table = tmp_path / "figure.svg", tmp_path / "table.csv"
    arguments = [*map(str, rows), "--out", str(figure), "--csv", str(table)]
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert done.exit_code == 0 and "2 panels" in done.output
    ElementTree.fromstring(figure.read_text())
    with table.open(newline="") as file:
        lines: list[dict[str, Any]] = list(csv.DictReader(file))
    assert [line["training"] for line in lines] == ["sigmoid"] * 3 + ["eql"] * 3
    rare, frequent = lines[3], lines[4]
    assert (rare["category_id"], rare["frequency"], rare["image_count"]) == ("2", "r", "3")
    assert (rare["foreground_negatives"], rare["valid_foreground_negatives"]) == ("99", "0")
    assert (rare["background_negatives"], rare["gradient_ratio"]) == ("900", "")
    assert (frequent["gradient_ratio"], frequent["positive_gradient"]) == ("0.5", "4.0")


def test_rows_of_one_name_are_told_apart(row: Callable[..., Path], tmp_path: Path) -> None:
    first = row("eql", [0, 11, 0])
    node = tmp_path / "elsewhere" / "eql"
    write_window(node, 10, _window([0, 0, 0]), CATEGORIES)
    figure = tmp_path / "figure.svg"
    arguments = [str(first), str(node), "--out", str(figure)]
    CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert "grids/table/eql" in figure.read_text() and "elsewhere/eql" in figure.read_text()


def test_a_folder_without_telemetry_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no telemetry/step"):
        CliRunner().invoke(
            main, [str(tmp_path), "--out", str(tmp_path / "f.svg")], catch_exceptions=False
        )
    assert not (tmp_path / "f.svg").exists()
