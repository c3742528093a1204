"""Every table that a command prints fits 80 columns, and has the numbers that a wide one has."""

import re
import sys
from pathlib import Path

import pytest
from support.calibration_scene import write_masks
from support.commands.in_process import exit_code
from support.commands.relative_paths import commands
from support.places import ROOT

A, B = "calibration_2019_6_very_long_row_name", "another_source_with_quite_a_long_name"
SOURCES = f"--ann=ann.json --pred={A}=a.json --pred={B}=b.json,categories=ann.json"
TRIED = (
    ("experiments.grid", "--list"),
    ("experiments.sweep", "--list"),
    ("longtail.data.synthetic.__main__", "toy --images=8 --size=64 --categories=3 --force"),
    ("longtail.evaluation.__main__", "ann.json a.json --compare=b.json --bootstrap=20"),
    ("longtail.evaluation.diagnose", "ann.json a.json --all"),
    ("ensemble.validate", "a.json --ann=ann.json"),
    ("ensemble.calibrate fit", f"{SOURCES} --out=calibration.json --min-matches=5 --force"),
    (
        "ensemble.merge",
        f"{SOURCES} --out=merged --calibration=calibration.json --num-workers=1 --resamples=20",
    ),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    write_masks(folder, 40)
    return folder


# In this order: the merge reads the calibration.
@pytest.mark.slow
@pytest.mark.parametrize(("command", "words"), TRIED, ids=lambda word: word.partition(" ")[0])
def test_a_table_fits_80_columns_with_whole_numbers(
    command: str,
    words: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["command"])
    narrow, wide = (
        printed(command, words, columns, monkeypatch, capsys) for columns in ("80", "300")
    )
    lines = [line for block in narrow.split("\n\n") for line in table_lines(block)]
    assert lines
    assert [line for line in lines if len(line.rstrip()) > 80] == []
    assert "…" not in narrow
    assert numbers("\n".join(lines)) <= numbers(wide)


def printed(
    command: str,
    words: str,
    columns: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> str:
    monkeypatch.setenv("COLUMNS", columns)
    assert exit_code(commands()[command], *words.split()) == 0
    return capsys.readouterr().out


def table_lines(block: str) -> list[str]:
    """From the line of headings over the rule to the blank line below."""
    lines = block.split("\n")
    rules = [number for number, line in enumerate(lines) if line.startswith("──")]
    return lines[max(0, rules[0] - 1) :] if rules else []


def numbers(text: str) -> set[str]:
    return {word.strip("(),") for word in text.split() if re.search(r"\d\.\d|[+-]\d", word)}


def test_tables_are_made_in_one_place() -> None:
    sources = [
        path
        for name in ("ensemble", "experiments", "platform")
        for path in (ROOT / name).rglob("*.py")
    ]
    makers = {path.name for path in sources if "from rich.table import" in path.read_text()}
    # The live display of a grid has its own.
    assert makers == {"printed_table.py", "progress.py"}
