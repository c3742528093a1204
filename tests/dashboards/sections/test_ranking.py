"""The ranking: its numbers are those of the files, and what is not known says so."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

from support.dashboards.made_matches import matched_grid
from support.dashboards.made_results import made_report

from dashboards.section import Note
from dashboards.sections.ranking import ranking
from dashboards.sources.found import Report
from dashboards.sources.grid import read_grid
from dashboards.tables import Table, csv_table, html_table
from longtail.evaluation.uncertainty.seeds import aggregate_seeds

SKILLS = {"low": 0.15, "high": 0.6, "middle": 0.45}


def blocks_of(report: Report) -> tuple[dict[str, Table], list[str]]:
    """The section's tables by name, and its notes."""
    section = ranking(report)
    assert section is not None
    tables = [block for block in section.blocks if isinstance(block, Table)]
    notes = [block.text for block in section.blocks if isinstance(block, Note)]
    return {table.name: table for table in tables}, notes


def lines_of(table: Table) -> dict[str, dict[str, str]]:
    lines = csv.DictReader(io.StringIO(csv_table(table)))
    return {line[table.columns[0].key]: line for line in lines}


def test_every_number_is_that_of_the_evaluation(tmp_path: Path) -> None:
    grid = matched_grid(tmp_path, SKILLS)
    tables, notes = blocks_of(made_report(read_grid(grid)))
    lines = lines_of(tables["ranking"])
    assert list(lines) == ["high", "middle", "low"]
    for name, line in lines.items():
        tree = json.loads((grid / name / "evaluation/evaluation.json").read_text())
        interval = tree["intervals"]["segm"]["metrics"]["AP"]
        assert float(line["AP"]) == 100 * tree["segm"]["AP"]
        assert float(line["AP_low"]) == 100 * interval["low"]
        assert float(line["AP_high"]) == 100 * interval["high"]
        for key in ("APr", "APc", "APf"):
            assert float(line[key]) == 100 * tree["segm"][key]
        assert float(line["AP_box"]) == 100 * tree["box"]["AP"]
        assert float(line["gap_box_mask"]) == 100 * tree["gap_box_mask"]
    assert not [note for note in notes if "not" in note and "too easily" not in note]


def test_differences_are_to_the_baseline_and_to_the_row_above(tmp_path: Path) -> None:
    report = made_report(read_grid(matched_grid(tmp_path, SKILLS)))
    tables, _ = blocks_of(report)
    lines = lines_of(tables["ranking"])
    ap = {name: float(line["AP"]) for name, line in lines.items()}
    assert abs(float(lines["middle"]["difference"]) - (ap["middle"] - ap["low"])) < 1e-9
    assert abs(float(lines["middle"]["step"]) - (ap["middle"] - ap["high"])) < 1e-9
    assert lines["middle"]["above"] == "high"
    assert lines["high"]["difference_verdict"] == "better"
    assert lines["middle"]["step_verdict"] == "worse"
    html = html_table(tables["ranking"])
    (row,) = re.findall(r"<tr[^>]*><th[^>]*>low</th>.*?</tr>", html)
    assert ">baseline<" in row and ">first row<" in row
    middle = re.findall(r"<tr[^>]*><th[^>]*>middle</th>.*?</tr>", html)[0]
    assert f"{ap['middle'] - ap['low']:+.2f}" in middle and "worse" in middle


def test_another_baseline_is_compared_from_the_matches(tmp_path: Path) -> None:
    source = read_grid(matched_grid(tmp_path, SKILLS))
    lines = lines_of(blocks_of(Report("t", (source,), "middle"))[0]["ranking"])
    assert lines["low"]["difference_verdict"] == "worse"
    assert lines["middle"]["difference"] == ""


def test_rows_without_matches_are_not_known_and_it_says_why(tmp_path: Path) -> None:
    grid = matched_grid(tmp_path, SKILLS, without_matches=["middle"])
    tables, notes = blocks_of(made_report(read_grid(grid)))
    html = html_table(tables["ranking"])
    assert html.count(">not known<") == 2
    assert any("middle cannot be compared" in note for note in notes)


def test_rows_of_boxes_alone_have_a_table_of_their_own(tmp_path: Path) -> None:
    grid = matched_grid(tmp_path, SKILLS, boxes_alone=["high"])
    tables, _ = blocks_of(made_report(read_grid(grid)))
    assert list(lines_of(tables["ranking"])) == ["middle", "low"]
    (line,) = lines_of(tables["ranking-boxes"]).values()
    tree = json.loads((grid / "high/evaluation/evaluation.json").read_text())
    assert line["row"] == "high" and float(line["AP"]) == 100 * tree["box"]["AP"]
    # The boxes of the baseline, which has masks, too.
    low = json.loads((grid / "low/evaluation/evaluation.json").read_text())
    difference = float(line["difference"])
    assert abs(difference - 100 * (tree["box"]["AP"] - low["box"]["AP"])) < 1e-9
    assert "gap_box_mask" not in line


def test_a_single_row_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    tables, notes = blocks_of(made_report(read_grid(matched_grid(tmp_path, {"a": 0.5}))))
    assert "There is one row, and nothing to compare it with." in notes
    keys = [column.key for column in tables["ranking"].columns]
    assert "difference" not in keys and "step" not in keys


def test_no_gap_is_the_best(tmp_path: Path) -> None:
    tables, _ = blocks_of(made_report(read_grid(matched_grid(tmp_path, SKILLS))))
    (gap,) = (of for of in tables["ranking"].columns if of.key == "gap_box_mask")
    assert tables["ranking"].best(gap) is None


def test_unfinished_rows_have_no_line(tmp_path: Path) -> None:
    grid = matched_grid(tmp_path, SKILLS, rows={"late": None})
    tables, _ = blocks_of(made_report(read_grid(grid)))
    assert "late" not in lines_of(tables["ranking"])
    nothing = matched_grid(tmp_path / "nothing", {}, rows={"late": None})
    assert ranking(made_report(read_grid(nothing))) is None
    assert ranking(Report("t", ())) is None


def test_seeds_have_their_mean_and_each_run_its_line(tmp_path: Path) -> None:
    grid = matched_grid(tmp_path, SKILLS, seeds=(0, 1, 2))
    tree = json.loads((grid / "table.json").read_text())
    runs = {name: [tree["rows"][f"{name} seed {seed}"] for seed in range(3)] for name in SKILLS}
    tree["seeds"] = {
        name: {
            key: {"mean": of.mean, "sd": of.sd, "n": of.n}
            for key, of in aggregate_seeds(rows).metrics.items()
        }
        for name, rows in runs.items()
    }
    (grid / "table.json").write_text(json.dumps(tree))
    tables, _ = blocks_of(made_report(read_grid(grid)))
    means = lines_of(tables["seeds"])
    assert list(means) == ["high", "middle", "low"]
    statistic = tree["seeds"]["high"]["AP"]
    assert float(means["high"]["AP"]) == 100 * statistic["mean"]
    assert float(means["high"]["AP_sd"]) == 100 * statistic["sd"] and means["high"]["AP_n"] == "3"
    shown = f"\u00b1 {100 * statistic['sd']:.2f} (3 seeds)"
    assert shown in html_table(tables["seeds"])
    lines = lines_of(tables["ranking"])
    assert len(lines) == 9
    # Of the same seed, in both.
    assert lines["middle seed 2"]["above"] == "high seed 2"
    ap = {name: float(line["AP"]) for name, line in lines.items()}
    difference = float(lines["high seed 1"]["difference"])
    assert abs(difference - (ap["high seed 1"] - ap["low seed 1"])) < 1e-9
    assert "and of rows of another seed that of theirs." in tables["ranking"].text


def test_what_a_report_claims_stands_beside_with_its_source(tmp_path: Path) -> None:
    claim = {"source": "report 9, Table 2", "AP": 0.228, "APr": 0.101}
    grid = matched_grid(tmp_path, SKILLS, reported={"high": claim})
    tables, notes = blocks_of(made_report(read_grid(grid)))
    lines = lines_of(tables["ranking"])
    assert (lines["high"]["claimed_AP"], lines["low"]["claimed_AP"]) == ("22.8", "")
    assert ">22.8<" in html_table(tables["ranking"]) and ">none<" in html_table(tables["ranking"])
    (note,) = (of for of in notes if "report 9, Table 2" in of)
    assert "not comparable" in note
    # So for a merge of rows; a result of that name is another matter.
    found = read_grid(grid)
    for kind, shown in (("merge", "22.8"), ("result", None)):
        rows = tuple(replace(row, kind=kind) for row in found.rows)
        tables, _ = blocks_of(made_report(replace(found, rows=rows)))
        assert lines_of(tables["ranking"])["high"].get("claimed_AP") == shown


def test_rows_that_were_not_run_are_named_with_what_they_need(tmp_path: Path) -> None:
    grid = matched_grid(tmp_path, SKILLS, left_out={"coco": "coco.pt, which is not there"})
    _, notes = blocks_of(made_report(read_grid(grid)))
    assert "coco was not run: it needs coco.pt, which is not there." in notes


def test_names_are_escaped(tmp_path: Path) -> None:
    tree = read_grid(matched_grid(tmp_path, {"a": 0.5, "b": 0.6}))
    rows = (replace(tree.rows[0], name="<script>"), tree.rows[1])
    tables, _ = blocks_of(Report("t", (replace(tree, rows=rows),), "<script>"))
    assert "<script>" not in html_table(tables["ranking"])
