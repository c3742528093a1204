"""The command as users type it: pages of folders and of result files, and what is refused."""

import json
from pathlib import Path

import pytest
from support.calibration_scene import write_masks
from support.commands.in_process import exit_code
from support.dashboards.made_results import made_grid

from dashboards.report import main

pytestmark = pytest.mark.slow


@pytest.fixture
def grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return made_grid(tmp_path, 3, 6)


def test_a_grid_s_page_has_its_rows_and_says_where_it_is(
    grid: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(main, str(grid), "--out", "report.html") == 0
    assert capsys.readouterr().out == "report report.html\n"
    page = Path("report.html").read_text()
    assert "<title>Grid made</title>" in page
    for number in range(3):
        tree = json.loads((grid / f"row_{number}/evaluation/evaluation.json").read_text())
        assert f"{100 * tree['segm']['AP']:.2f}" in page


def test_the_same_results_are_the_same_bytes(grid: Path) -> None:
    for name in ("a.html", "b.html"):
        assert exit_code(main, str(grid), "--out", name) == 0
    assert Path("a.html").read_bytes() == Path("b.html").read_bytes()


def test_result_files_of_any_tool_are_judged_and_shown(
    grid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGTAIL_CACHE", str(tmp_path / "cache"))
    write_masks(tmp_path, 40)
    words = ["--ann", "ann.json", "--pred", "old=a.json", "--pred", "new=b.json"]
    assert exit_code(main, *words, "--out", "report.html", "--title", "Old and new") == 0
    page = Path("report.html").read_text()
    assert "<title>Old and new</title>" in page and ">old<" in page and ">new<" in page


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ([], 2, "nothing to show; give SOURCES, --pred with --ann, or --experiment"),
        (["--pred", "a=a.json"], 2, "--pred: name what results are judged by with --ann"),
        (["grids/made", "--baseline", "x"], 2, "--baseline x: no such row; there are: row_0"),
        (["grids/other"], 3, "no such folder"),
        (["grids/made", "--ann", "nowhere.json"], 2, "nowhere.json"),
        (["--experiment", "mine", "--runs", "none"], 3, "mine"),
    ],
)
def test_what_cannot_be_shown_is_said_before_anything_is_written(
    grid: Path,
    words: list[str],
    code: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert exit_code(main, *words, "--out", "report.html") == code
    assert told in capsys.readouterr().err
    assert not Path("report.html").exists() and not Path("none").exists()


def test_a_file_that_is_there_is_replaced_only_by_force(
    grid: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(main, str(grid), "--out", "report.html") == 0
    assert exit_code(main, str(grid), "--out", "report.html") == 2
    assert "--force" in capsys.readouterr().err
    words = ["--force", "--title", "Made again"]
    assert exit_code(main, str(grid), "--out", "report.html", *words) == 0
    assert "<title>Made again</title>" in Path("report.html").read_text()


def test_help_says_which_names_and_annotations_are_taken(
    grid: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(main, "--help") == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "LVIS annotation file" in text and "longtail.data.convert coco" in text
    assert "NAME: letters, digits, '.', '_' and '-'" in text


def test_results_are_not_replaced_even_by_force(
    grid: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = grid / "table.json"
    before = table.read_bytes()
    assert exit_code(main, str(grid), "--out", str(table), "--force") == 2
    assert "table.json exists and is no page" in " ".join(capsys.readouterr().err.split())
    assert table.read_bytes() == before


def test_figures_and_tables_are_exported_for_papers(grid: Path) -> None:
    assert exit_code(main, str(grid), "--out", "report.html", "--export", "paper") == 0
    index = json.loads(Path("paper/figures.json").read_text())
    assert "ap-by-images" in index["figures"] and "ranking" in index["tables"]
    for width in ("column", "page"):
        for name in index["figures"]:
            assert Path(f"paper/{width}/{name}.svg").read_text().startswith("<svg")
            assert Path(f"paper/{width}/{name}.pdf").read_bytes().startswith(b"%PDF")
            assert Path(f"paper/{width}/{name}.png").read_bytes().startswith(b"\x89PNG")
    for name in index["tables"]:
        assert r"\toprule" in Path(f"paper/tables/{name}.tex").read_text()
    assert index["tables"]["all-categories"] == "All categories"
    categories = Path("paper/tables/all-categories.csv").read_text().splitlines()
    assert len(categories) == 1 + 6
    first = Path("paper/tables/ranking.csv").read_text().splitlines()[0]
    assert first.startswith("row,AP")
