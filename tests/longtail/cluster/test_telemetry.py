import csv
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.dashboards.made_telemetry import write_made_telemetry

from longtail.cluster.telemetry import main
from longtail.problems import BadInputError


@pytest.fixture
def row(tmp_path: Path) -> Callable[[str, list[int]], Path]:
    """The folder of a row whose training saw one window with these valid negatives."""

    def make(name: str, valid: list[int]) -> Path:
        node = tmp_path / "nodes" / f"stage-{name}"
        write_made_telemetry(node, valid)
        folder = tmp_path / "grids" / "table" / name
        folder.mkdir(parents=True)
        (folder / "training").symlink_to(node)
        return folder

    return make


def test_the_command_writes_a_figure_and_a_table(row: Callable[..., Path], tmp_path: Path) -> None:
    rows = row("sigmoid", [99, 11, 90]), row("eql", [0, 11, 0])
    figure, table = tmp_path / "figure.svg", tmp_path / "table.csv"
    arguments = [*map(str, rows), "--out", str(figure), "--csv", str(table)]
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert done.exit_code == 0 and "2 panels" in done.output
    text = "\n".join(ElementTree.fromstring(figure.read_text()).itertext())
    assert "sigmoid" in text and "positives per valid negative: f 8.1, c none, r none" in text
    with table.open(newline="") as file:
        lines: list[dict[str, Any]] = list(csv.DictReader(file))
    assert [line["training"] for line in lines] == ["sigmoid"] * 3 + ["eql"] * 3
    rare, frequent = lines[3], lines[4]
    assert (rare["category_id"], rare["frequency"], rare["image_count"]) == ("2", "r", "3")
    assert (rare["foreground_negatives"], rare["valid_foreground_negatives"]) == ("99", "0")
    assert (rare["background_negatives"], rare["gradient_ratio"]) == ("900", "")
    assert (frequent["gradient_ratio"], frequent["positive_gradient"]) == ("0.5", "4.0")


def test_the_ending_of_the_name_says_the_format(row: Callable[..., Path], tmp_path: Path) -> None:
    folder = row("eql", [0, 11, 0])
    for name, begins in (("f.pdf", b"%PDF"), ("f.png", b"\x89PNG")):
        out = tmp_path / name
        CliRunner().invoke(main, [str(folder), "--out", str(out)], catch_exceptions=False)
        assert out.read_bytes().startswith(begins)
    done = CliRunner().invoke(main, [str(folder), "--out", str(tmp_path / "f.jpg")])
    assert done.exit_code == 2
    assert "give a name that ends with .svg, .pdf or .png" in " ".join(done.output.split())


def test_rows_of_one_name_are_told_apart(row: Callable[..., Path], tmp_path: Path) -> None:
    first = row("eql", [0, 11, 0])
    node = tmp_path / "elsewhere" / "eql"
    write_made_telemetry(node, [0, 0, 0])
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
