import io
from pathlib import Path

import altair as alt
import pandas as pd
import pytest
from PIL import Image
from support.dashboards.drawn import drawn_words

from dashboards.export import figure_files, write_figure
from dashboards.figure import COLUMN_WIDTH, PAGE_WIDTH, Figure, Width
from dashboards.look import PAPER, Look


def made_figure(num_panels: int = 1) -> Figure:
    def draw(look: Look, width: Width) -> alt.Chart:
        chart = alt.Chart(alt.NamedData("held")).mark_point(color=look["rare"])
        return chart.encode(x="x:Q", y="y:Q").properties(width=width, height=80, title="a panel")

    held = pd.DataFrame({"x": [1, 2], "y": [3.0, float("nan")]})
    return Figure("made", "Made", "Two dots.", (draw,) * num_panels, {"held": held})


def width_of(figure: Figure, width: int, folder: Path) -> int:
    (path,) = figure_files(figure, folder, ["png"], width)
    return Image.open(path).width


def test_a_figure_is_written_in_each_format_under_its_name(tmp_path: Path) -> None:
    written = figure_files(made_figure(), tmp_path)
    assert [path.name for path in written] == ["made.svg", "made.pdf", "made.png"]
    assert {*tmp_path.iterdir()} == {*written}
    svg, pdf, png = (path.read_bytes() for path in written)
    assert svg.startswith(b"<svg") and pdf.startswith(b"%PDF")
    assert Image.open(io.BytesIO(png)).format == "PNG"


def test_a_drawing_is_the_same_bytes_twice(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg", "a.png", "b.png"):
        write_figure(made_figure(), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_panels_that_do_not_fit_beside_each_other_go_below(tmp_path: Path) -> None:
    figure = made_figure(3)
    assert drawn_words(figure).count("a panel") == 3
    rows = [figure.spec(PAPER, width)["columns"] for width in (PAGE_WIDTH, COLUMN_WIDTH)]
    assert rows == [3, 1]
    # Points, at 300 to an inch of 72.
    assert width_of(figure, PAGE_WIDTH, tmp_path) < 1.1 * PAGE_WIDTH * 300 / 72
    assert width_of(figure, COLUMN_WIDTH, tmp_path) < 1.1 * COLUMN_WIDTH * 300 / 72


def test_another_format_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no format is called 'jpg'; there are svg, pdf, png"):
        write_figure(made_figure(), tmp_path / "a.jpg")
    assert not [*tmp_path.iterdir()]
