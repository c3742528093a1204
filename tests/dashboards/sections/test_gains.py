"""Figures of gains, each where its data are."""

import json
from pathlib import Path

import pytest
from support.dashboards.made_matches import matched_grid
from support.dashboards.made_results import made_report

from dashboards.figure import Figure
from dashboards.section import Note, Section
from dashboards.sections.gains import gains
from dashboards.sources.found import Report
from dashboards.sources.grid import read_grid

SKILLS = {"low": 0.15, "high": 0.6, "middle": 0.45}


def section_of(*grids: Path) -> Section:
    section = gains(made_report(*(read_grid(grid) for grid in grids)))
    assert section is not None
    return section


def names(section: Section) -> list[str]:
    return [block.name for block in section.blocks if isinstance(block, Figure)]


def test_a_grid_has_its_steps_and_bars(tmp_path: Path) -> None:
    grid = matched_grid(tmp_path, SKILLS)
    section = section_of(grid)
    assert names(section) == ["waterfall", "group-bars", "bin-bars", "gap-bars"]
    steps = section.blocks[0]
    assert isinstance(steps, Figure)
    table = steps.tables["waterfall"]
    assert table["verdict"].tolist()[1:] == ["better", "worse"]
    rows = json.loads((grid / "table.json").read_text())["rows"]
    assert table["end"].tolist() == pytest.approx([100 * rows[name]["AP"] for name in SKILLS])


def test_two_grids_have_their_steps_apart(tmp_path: Path) -> None:
    two = [matched_grid(tmp_path / name, {f"{name}1": 0.3, f"{name}2": 0.5}) for name in "ab"]
    assert names(section_of(*two))[:2] == ["waterfall", "waterfall-2"]


def test_a_single_row_has_no_steps(tmp_path: Path) -> None:
    assert "waterfall" not in names(section_of(matched_grid(tmp_path, {"a": 0.5})))
    assert gains(Report("t", ())) is None


def test_of_several_seeds_the_first_is_drawn(tmp_path: Path) -> None:
    steps = section_of(matched_grid(tmp_path, SKILLS, seeds=(0, 1))).blocks[0]
    assert isinstance(steps, Figure) and "the first of each variant" in steps.text
    assert steps.tables["waterfall"]["row"].tolist() == [f"{name} seed 0" for name in SKILLS]
    assert "not known" not in steps.tables["waterfall"]["verdict"].tolist()


def test_boxes_alone_have_bars_of_boxes(tmp_path: Path) -> None:
    section = section_of(matched_grid(tmp_path, SKILLS, boxes_alone=list(SKILLS)))
    assert names(section) == ["waterfall", "group-bars"]
    assert [block.text for block in section.blocks if isinstance(block, Note)] == [
        "No row has masks: there is no gap between boxes and masks."
    ]


def test_masks_and_boxes_are_no_steps_of_one_another(tmp_path: Path) -> None:
    section = section_of(matched_grid(tmp_path, SKILLS, boxes_alone=["high"]))
    assert "waterfall" not in names(section)
    notes = [block.text for block in section.blocks if isinstance(block, Note)]
    assert notes[0].startswith("The steps of made are not drawn")
    assert notes[1].startswith("1 row without masks")
