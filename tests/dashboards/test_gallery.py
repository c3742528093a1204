"""`python -m dashboards.gallery`: what it writes, and how it says what it cannot do."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands.in_process import exit_code
from support.dashboards.picture_scene import (
    detection,
    instance,
    write_annotations,
    write_pictures,
)
from support.places import ROOT

from dashboards.gallery import main
from longtail.commands import ExitCode


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Words for two result files over two images."""
    monkeypatch.setenv("LONGTAIL_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    there = [instance(1, 1, (9, 9, 20, 20)), instance(2, 2, (9, 9, 20, 20))]
    annotations = write_annotations(tmp_path, there, 2)
    for name, box in (("old", (40, 30, 20, 20)), ("new", (9, 9, 20, 20))):
        records = [detection(1, 1, box, 0.5), detection(2, 2, box, 0.6)]
        (tmp_path / f"{name}.json").write_text(json.dumps(records))
    images = write_pictures(tmp_path, 2)
    places = ["--ann", str(annotations), "--images", str(images)]
    return [*places, "--pred", "old=old.json", "--pred", "new=new.json"]


@pytest.mark.slow
def test_result_files_are_shown_side_by_side(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(main, *given, "--out", "out.html") == ExitCode.DONE
    assert capsys.readouterr().out == f"{tmp_path / 'out.html'}: 2 pictures in 1 file\n"
    html = (tmp_path / "out.html").read_text()
    assert re.findall("<h3>(.*?)</h3>", html) == ["cup", "disc"]
    assert re.findall("<figcaption><b>(.*?)</b>", html) == ["ground truth", "old", "new"] * 2
    assert "<span>AP 100.00</span><span>1 TP</span>" in html

    words = ["--categories", "disc", "--rows", "new", "--out", "out"]
    assert exit_code(main, *given, *words) == ExitCode.DONE
    html = (tmp_path / "out" / "index.html").read_text()
    assert re.findall("<figcaption><b>(.*?)</b>", html) == ["ground truth", "new"]

    assert exit_code(main, *given, "--out", "out") == ExitCode.USAGE
    assert "--force" in capsys.readouterr().err
    assert exit_code(main, *given, "--out", "out", "--most", "1", "--force") == ExitCode.DONE
    assert capsys.readouterr().out == f"{tmp_path / 'out'}: 1 picture in 1 file\n"

    assert exit_code(main, *given, "--out", "no", "--dry-run") == ExitCode.DONE
    said = capsys.readouterr().out
    assert said == "2 categories of 2, at most 2 pictures of old, new; nothing was written\n"
    assert exit_code(main, *given, "--out", "no", "--dry-run", "--most", "1") == ExitCode.DONE
    assert capsys.readouterr().out.startswith("1 category of 2, at most 1 picture of old, new")
    assert not (tmp_path / "no").exists()

    assert exit_code(main, *given, "--out", "no", "--categories", "discs") == ExitCode.USAGE
    assert "did you mean disc?" in capsys.readouterr().err
    assert exit_code(main, *given, "--out", "no", "--rows", "newer") == ExitCode.USAGE
    assert "no row 'newer'; there are: old, new" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


def test_what_is_read_is_not_replaced(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (tmp_path / "old.json").read_text()
    assert exit_code(main, *given, "--out", "old.json", "--force") == ExitCode.USAGE
    assert "old.json exists and is a file" in " ".join(capsys.readouterr().err.split())
    assert (tmp_path / "old.json").read_text() == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "give SOURCES, or --pred with --ann"),
        (["--pred", "a=old.json"], "--ann"),
        (
            ["--ann", "ann.json", "--pred", "a=old.json"],
            "where the pictures lie is not known; give --images",
        ),
    ],
)
def test_what_is_lacking_is_told(
    words: list[str], told: str, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(main, *words, "--out", "out") == ExitCode.USAGE
    assert told in capsys.readouterr().err


@pytest.mark.slow
def test_a_folder_without_any_of_the_pictures_is_bad_input(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "images" / "1.png").unlink()
    assert exit_code(main, *given, "--out", "some") == ExitCode.DONE
    assert "picture not found: 1.png" in (tmp_path / "some" / "index.html").read_text()
    (tmp_path / "photos").mkdir()
    words = [word.replace(str(tmp_path / "images"), "photos") for word in given]
    assert exit_code(main, *words, "--out", "none") == ExitCode.BAD_INPUT
    told = f"{tmp_path / 'photos'}: none of the 2 pictures is there, such as 1.png"
    assert told in capsys.readouterr().err and not (tmp_path / "none").exists()


def test_a_folder_that_is_not_there_is_told_before_anything_is_read(
    given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(main, *given, "--out", "none/a.html") == ExitCode.USAGE
    assert "make the folder" in capsys.readouterr().err


def test_a_folder_without_results_is_bad_input(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(main, str(tmp_path / "images"), "--out", "out") == ExitCode.BAD_INPUT
    assert "holds no results" in capsys.readouterr().err


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, dashboards.gallery;"
        " print({'altair', 'pandas', 'numba', 'PIL', 'torch', 'mlflow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
