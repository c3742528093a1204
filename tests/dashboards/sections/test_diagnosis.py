import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.dashboards.made_calibration import made_reliable, write_made_merge
from support.dashboards.made_diagnosed import made_diagnosed
from support.dashboards.made_results import made_report
from support.dashboards.made_telemetry import write_made_telemetry

from dashboards.figure import Figure
from dashboards.section import Note, Section
from dashboards.sections.diagnosis import MOST_PANELS, NUM_PAIRS, diagnosis
from dashboards.sources.found import Found, Report, Row, Training
from dashboards.tables import Table
from longtail.evaluation.diagnosis.confusion import NUM_PAIRS as NUM_PAIRS_KEPT
from longtail.files import sha256_of


def section_of(report: Report) -> Section:
    section = diagnosis(report)
    assert section is not None
    return section


def figures(section: Section) -> dict[str, Figure]:
    return {block.name: block for block in section.blocks if isinstance(block, Figure)}


def notes(section: Section) -> list[str]:
    return [block.text for block in section.blocks if isinstance(block, Note)]


def grid(rows: tuple[Row, ...], trainings: tuple[Training, ...] = ()) -> Found:
    return Found("made", "grid", rows=rows, trainings=trainings)


def trained(row: Row, folder: Path, valid: list[int]) -> tuple[Row, Training]:
    """The row with a training of its own that taught so many valid negatives."""
    node = folder / row.name
    write_made_telemetry(node, valid)
    return replace(row, training=node), Training(f"{row.name} training", (row.name,), node, (), {})


def test_all_rows_are_in_each_figure_whatever_their_number() -> None:
    section = section_of(made_report(grid(made_diagnosed("", "", "c"))))
    found = figures(section)
    assert list(found) == ["reliability", "scores", "confusion", "errors", "ap-lost"]
    for figure in found.values():
        for table in figure.tables.values():
            assert {*table["row"]} == {0, 1, 2}
    assert not notes(section)


def test_rows_without_a_diagnosis_are_named_with_the_command_that_makes_one() -> None:
    section = section_of(made_report(grid(made_diagnosed("", None, None))))
    (note,) = notes(section)
    assert note.startswith("No diagnosis of row_1, row_2: ")
    assert "python -m longtail.evaluation.diagnose ANN PRED" in note
    assert {*figures(section)["reliability"].tables["reliability"]["row"]} == {0}


def test_a_long_list_of_rows_without_a_diagnosis_is_cut() -> None:
    note, *_ = notes(section_of(made_report(grid(made_diagnosed("", *[None] * 7)))))
    assert "No diagnosis of row_1, row_2, row_3, row_4, row_5 and 2 more: " in note


def test_no_confused_pair_at_all_is_said() -> None:
    (row,) = made_diagnosed("")
    row.diagnosis["confusion"]["pairs"].clear()
    assert notes(section_of(made_report(grid((row,))))) == [
        "No diagnosis lists a category that was taken for another one."
    ]


def test_a_report_of_such_rows_alone_says_so_and_draws_nothing() -> None:
    section = section_of(made_report(grid(made_diagnosed(None))))
    assert len(section.blocks) == 1 and len(notes(section)) == 1
    assert diagnosis(made_report(grid(()))) is None


def test_pairs_have_their_count_in_every_row_that_lists_them() -> None:
    rows = made_diagnosed("", "", "")
    for row in rows[:2]:
        row.diagnosis["confusion"]["pairs"][3]["count"] = 999
    rows[1].diagnosis["confusion"]["pairs"].pop()
    rows[2].diagnosis["confusion"]["pairs"][0]["object_name"] = "another"
    section = section_of(made_report(grid(rows)))
    (table,) = (block for block in section.blocks if isinstance(block, Table))
    assert [column.title for column in table.columns[2:]] == ["row_0", "row_1", "row_2"]
    first = table.rows[0]
    assert (first["object"], first["detected"]) == ("object_3 (r)", "taken_for_3 (f)")
    assert [first[f"row-{number}"] for number in range(3)] == [999, 999, 440]
    (line,) = (line for line in table.rows if line["object"] == "another (r)")
    # The second row lists 19 pairs, so that it has no other; the first may have.
    assert [line[f"row-{number}"] for number in range(3)] == [None, 0, 500]
    assert NUM_PAIRS == NUM_PAIRS_KEPT


def test_trainings_are_those_of_the_baseline_and_of_the_best_rows(tmp_path: Path) -> None:
    made = [trained(row, tmp_path, [99, 11, 90]) for row in made_diagnosed(*[""] * 6)]
    rows, trainings = zip(*made, strict=True)
    section = section_of(made_report(grid(rows, trainings)))
    figure = figures(section)["taught"]
    assert len(figure.panels) == MOST_PANELS
    (note,) = notes(section)
    assert note.startswith("What 2 other trainings taught is not drawn")
    first, second = (figure.panels[number].args[1] for number in (0, 1))  # type: ignore[attr-defined]
    best = max(rows[1:], key=lambda row: row.evaluation["segm"]["AP"])
    assert (first, second) == ("row_0 training", f"{best.name} training")
    for table in figure.tables.values():
        assert table["name"].tolist()[-1] == "category_2"


def test_a_training_with_damaged_telemetry_is_named(tmp_path: Path) -> None:
    made = [trained(row, tmp_path, [0, 0, 0]) for row in made_diagnosed("", "")]
    rows, trainings = zip(*made, strict=True)
    (file,) = (trainings[1].folder / "telemetry").iterdir()
    file.write_bytes(file.read_bytes()[:-100])
    section = section_of(made_report(grid(rows, trainings)))
    assert len(figures(section)["taught"].panels) == 1
    (note,) = notes(section)
    assert note.startswith("Not drawn, what row_1 training taught: ") and file.name in note


def test_trainings_without_telemetry_are_passed_over(tmp_path: Path) -> None:
    row = replace(made_diagnosed("")[0], training=tmp_path)
    training = Training("old", (row.name,), tmp_path, (), {})
    assert "taught" not in figures(section_of(made_report(grid((row,), (training,)))))


def test_a_merge_has_the_reliability_that_its_calibration_kept(tmp_path: Path) -> None:
    path = write_made_merge(tmp_path / "merged", tmp_path / "calibration.json")
    merge = Found("merged", "merge", tmp_path / "merged", rows=made_diagnosed(""))
    before = section_of(made_report(merge))
    assert "reliability-change" not in figures(before)
    assert any("was fitted before its file kept that" in note for note in notes(before))

    made_reliable(["r50"]).save(path)
    request = {"settings": {"calibration": str(path)}, "calibration": sha256_of(path)}
    (tmp_path / "merged" / "merge.json").write_text(json.dumps(request))
    section = section_of(made_report(merge))
    assert len(figures(section)["reliability-change"].panels) == 1
    tables = [block.name for block in section.blocks if isinstance(block, Table)]
    assert "calibrated-scores" in tables and not notes(section)


@pytest.mark.parametrize("damage", ["gone", "changed", "none", "sound"])
def test_the_calibration_of_a_merge_is_drawn_where_it_is_what_the_merge_read(
    damage: str, tmp_path: Path
) -> None:
    calibration = write_made_merge(tmp_path / "merged", tmp_path / "calibration.json")
    if damage == "gone":
        calibration.unlink()
    if damage == "changed":
        write_made_merge(tmp_path / "other", calibration, error=0.5)
    if damage == "none":
        (tmp_path / "merged" / "merge.json").write_text('{"settings": {"calibration": null}}')
    merge = Found("merged", "merge", tmp_path / "merged", rows=made_diagnosed(""))
    section = section_of(made_report(merge))
    assert ("calibration-change" in figures(section)) == (damage == "sound")
    expected = {"gone": "no such file", "changed": "changed since"}.get(damage)
    assert [expected in note for note in notes(section) if expected] == [True] * bool(expected)
