"""The command: what it prints and writes."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from longtail.commands import run
from longtail.evaluation.diagnose import main

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]


def exit_code(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        run(main, [str(argument) for argument in arguments])
    code = stopped.value.code
    assert isinstance(code, int)
    return code


def test_it_writes_every_number_and_prints_the_tables(
    make_problem: MakeProblem, write: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    paths, out = write(*make_problem(1)), tmp_path / "why.json"
    assert exit_code(*paths, "--all", "--json", out, "--work-dir", tmp_path) == 0
    tree = json.loads(out.read_text())
    assert set(tree) >= {"confusion", "errors", "ap_gain", "ap_loss", "calibration", "scores"}
    assert len(tree["calibration"]["r"]["bins"]) == 10
    printed = capfd.readouterr().out
    for text in ("classification", "background", "D-ECE", "category <"):
        assert text in printed
    expected = {"annotations.json", "results.json", "why.json"}
    assert {path.name for path in tmp_path.iterdir()} == expected


def test_the_digest_is_short_and_ends_with_ap_and_what_it_loses(
    make_problem: MakeProblem, write: Write, capfd: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(*write(*make_problem(1))) == 0
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) < 30 and "D-ECE" not in "".join(lines)
    assert lines[-9].startswith("AP over LVIS's ten IoUs") and lines[-2].startswith("rest")


def test_brackets_in_a_category_name_are_printed_as_they_are(
    make_problem: MakeProblem, write: Write, capfd: pytest.CaptureFixture[str]
) -> None:
    annotations, results = make_problem(1)
    for category in annotations["categories"]:
        category["name"] = f"[red]{category['id']}"
    assert exit_code(*write(annotations, results), "--all", "--kind", "box") == 0
    assert "[red]" in capfd.readouterr().out


def test_a_threshold_out_of_range_ends_with_code_2(make_problem: MakeProblem, write: Write) -> None:
    assert exit_code(*write(*make_problem(2)), "--iou-thr", 0.05) == 2


def test_a_missing_output_folder_is_found_before_the_work(
    make_problem: MakeProblem, write: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    options = ("--json", tmp_path / "nowhere" / "why.json")
    assert exit_code(*write(*make_problem(3)), *options) == 2
    assert "make the folder" in capfd.readouterr().err


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, longtail.evaluation.diagnose as d\n"
        "assert not {'numba', 'pyarrow', 'hotcoco', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
