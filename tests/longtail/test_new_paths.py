"""What a command would overwrite is refused, unless it is told to."""

from pathlib import Path

import click
import pytest
from PIL import Image
from support.commands.in_process import exit_code
from support.commands.relative_paths import commands
from support.dashboards.made_telemetry import write_made_telemetry

from dashboards.export import write_figure
from dashboards.figures.taught import taught
from longtail.own_files import (
    DATA_CHECK,
    DIAGNOSIS,
    DRAWINGS,
    EVALUATION,
    RESULTS,
    TAUGHT,
    WEIGHTS,
    begins_as,
)
from longtail.path_options import (
    PAGE_MARK,
    AbsolutePath,
    NewFile,
    NewPage,
    NewPages,
    NewPath,
    ResultTable,
    SourceWord,
    force_option,
)
from longtail.training.telemetry_table import telemetry_csv


@click.command()
@click.option("--json", type=NewFile(DIAGNOSIS))
@click.option("--store", type=NewPath(RESULTS, holds="manifest.json"))
@click.option("--csv", type=ResultTable())
@click.option("--page", type=NewPage())
@click.option("--pages", type=NewPages())
@force_option
def command(**_: Path | None) -> None:
    """Write nothing."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "out.json"
    path.write_text('{\n "kind": "segm", "iou_threshold": 0.5}\n')
    return path


def test_a_file_that_is_there_is_refused(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(command, "--json", str(file)) == 2
    assert "out.json exists; give another name, or replace it with --force" in " ".join(
        capsys.readouterr().err.split()
    )


def test_force_lets_it_be_there_wherever_it_stands(file: Path) -> None:
    assert exit_code(command, "--json", str(file), "--force") == 0
    assert exit_code(command, "--force", "--json", str(file)) == 0


@pytest.mark.parametrize("content", ["mine", '{"images": []}', '[{"image_id": 1}]'])
def test_force_replaces_no_file_that_the_command_could_not_have_written(
    content: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(content)
    assert exit_code(command, "--json", str(file), "--force") == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "out.json exists and is no file of this command's; give another name" in told
    file.write_text("")
    assert exit_code(command, "--json", str(file), "--force") == 0


def test_a_folder_is_replaced_only_if_it_holds_what_the_command_makes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    assert exit_code(command, "--store", str(folder)) == 0
    (folder / "photo.jpg").touch()
    assert exit_code(command, "--store", str(folder), "--force") == 2
    assert "holds something else" in " ".join(capsys.readouterr().err.split())
    (folder / "manifest.json").touch()
    assert exit_code(command, "--store", str(folder)) == 2
    assert exit_code(command, "--store", str(folder), "--force") == 0


def test_a_table_of_results_is_written_again_and_nothing_else(file: Path) -> None:
    assert exit_code(command, "--csv", str(file)) == 2
    assert exit_code(command, "--csv", str(file), "--force") == 2
    for first in ("row,AP,APr", "trial,lambda", "kind,name,AP"):
        file.write_text(f"{first}\n")
        assert exit_code(command, "--csv", str(file)) == 0


@pytest.mark.parametrize("option", ["--page", "--pages"])
def test_force_replaces_no_file_but_a_page(
    option: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    html = file.with_suffix(".html")
    for path in (file, html):
        path.write_text("mine")
        assert exit_code(command, option, str(path), "--force") == 2
        told = " ".join(capsys.readouterr().err.split())
        assert path.name in told and told.endswith("; give another name")
    html.write_bytes(b"<!doctype html>" + PAGE_MARK)
    assert exit_code(command, option, str(html)) == 2
    assert "replace it with --force" in " ".join(capsys.readouterr().err.split())
    assert exit_code(command, option, str(html), "--force") == 0


def test_force_replaces_no_folder_but_one_of_pages(tmp_path: Path) -> None:
    index = tmp_path / "site" / "index.html"
    index.parent.mkdir()
    index.write_text("my own site")
    assert exit_code(command, "--pages", str(index.parent), "--force") == 2
    index.write_bytes(PAGE_MARK)
    assert exit_code(command, "--pages", str(index.parent)) == 2
    assert exit_code(command, "--pages", str(index.parent), "--force") == 0


def test_a_folder_that_is_not_there_is_told_for_a_page_among_pages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(command, "--pages", str(tmp_path / "none" / "new")) == 0
    assert exit_code(command, "--pages", str(tmp_path / "none" / "new.html")) == 2
    assert "make the folder" in capsys.readouterr().err


def test_every_command_that_makes_files_has_the_option() -> None:
    makes = {
        name
        for name, one in commands().items()
        if any(
            isinstance(p.type, NewPath) and not isinstance(p.type, ResultTable) for p in one.params
        )
    }
    forced = {
        name for name, one in commands().items() if any("--force" in p.opts for p in one.params)
    }
    assert len(makes) >= 8
    assert makes <= forced


@pytest.mark.parametrize("swapped", [False, True])
def test_what_is_read_is_never_replaced(
    swapped: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    @click.argument("source", type=AbsolutePath(exists=True))
    @click.option("--out", type=NewFile(b"read"))
    @force_option
    def command(source: Path, out: Path) -> None:
        out.write_text("written")

    path = tmp_path / "a.json"
    path.write_text("read")
    words = [str(path), "--out", str(path)]
    assert exit_code(command, *(words[1:] + words[:1] if swapped else words), "--force") == 2
    assert "would be read and replaced" in capsys.readouterr().err
    assert path.read_text() == "read"


@pytest.mark.parametrize("swapped", [False, True])
def test_a_source_is_never_replaced(
    swapped: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    @click.option("--pred", multiple=True, type=SourceWord())
    @click.option("--out", type=NewFile(b"read"))
    @force_option
    def command(pred: tuple[str, ...], out: Path) -> None:
        out.write_text("written")

    path = tmp_path / "a.json"
    path.write_text("read")
    words = ["--pred", f"a={path},max_score=2", "--out", str(path)]
    assert exit_code(command, *(words[2:] + words[:2] if swapped else words), "--force") == 2
    assert "would be read and replaced" in capsys.readouterr().err
    assert path.read_text() == "read"


def test_white_space_does_not_count_and_an_empty_file_has_nothing_to_lose(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for text in ('{"segm":{"AP":0.1', '{\n  "segm": {\n    "AP": 0.1', " \n"):
        path.write_text(text)
        assert begins_as(path, [EVALUATION])
    for text in ('{"box": {}, "segm": {"AP": 0.1', '[{"segm":{"AP":'):
        path.write_text(text)
        assert not begins_as(path, [EVALUATION])


def test_reports_on_files_are_told_apart_behind_the_file_s_name(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text('{"file": "a \\" b.json", "fit_for": {}}')
    assert begins_as(path, [DATA_CHECK]) and not begins_as(path, [WEIGHTS])


@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_a_drawing_is_known_and_an_annotation_file_of_its_name_is_not(
    ending: str, tmp_path: Path
) -> None:
    path = tmp_path / f"a.{ending}"
    figure = taught({"a": write_made_telemetry(tmp_path, [1, 2, 3])})
    write_figure(figure, path)
    assert begins_as(path, [DRAWINGS[ending]])
    path.write_text('{"images": []}')
    assert not begins_as(path, DRAWINGS.values())


def test_a_photo_is_no_drawing(tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "a.jpg")
    assert not begins_as(tmp_path / "a.jpg", DRAWINGS.values())


def test_a_table_of_what_was_taught_is_known(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(telemetry_csv({"a": write_made_telemetry(tmp_path, [1, 2, 3])}))
    assert begins_as(path, [TAUGHT])
