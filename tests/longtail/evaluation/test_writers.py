"""Tables as files."""

import csv
import io
from pathlib import Path

from longtail.categories import INSTANCE_BINS
from longtail.evaluation.report import Evaluation
from longtail.evaluation.writers import MetricTable, result_table, write_tables

TABLE = MetricTable(("AP", "AR@300"), {"mask & box": {"AP": 0.1 + 0.2, "AR@300": -1.0}, "a|b": {}})


def test_latex_shows_points_and_escapes_names() -> None:
    assert TABLE.latex() == (
        "\\begin{tabular}{lrr}\n"
        "\\toprule\n"
        " & AP & AR@300 \\\\\n"
        "\\midrule\n"
        "mask \\& box & 30.00 & - \\\\\n"
        "a|b & - & - \\\\\n"
        "\\bottomrule\n"
        "\\end{tabular}\n"
    )


def test_every_special_character_of_latex_is_escaped() -> None:
    text = MetricTable((), {"a_b%#{}$~^\\": {}}).latex()
    escaped = r"a\_b\%\#\{\}\$\textasciitilde{}\textasciicircum{}\textbackslash{}"
    assert f"{escaped} \\\\\n" in text


def test_markdown_shows_points_and_keeps_its_columns() -> None:
    assert TABLE.markdown() == (
        "|  | AP | AR@300 |\n| --- | ---: | ---: |\n| mask & box | 30.00 | - |\n| a\\|b | - | - |\n"
    )


def test_csv_keeps_every_digit_and_nothing_for_undefined_values() -> None:
    rows = list(csv.DictReader(io.StringIO(TABLE.csv())))
    assert float(rows[0]["AP"]) == 0.1 + 0.2
    assert rows[0]["AR@300"] == ""
    assert rows[1] == {"name": "a|b", "AP": "", "AR@300": ""}


def test_a_table_of_results_has_a_row_for_each_kind_of_ap() -> None:
    evaluation = Evaluation(
        segm={"AP": 0.1},
        box={"AP": 0.2},
        bins=dict.fromkeys(INSTANCE_BINS, 0.1),
        gap_box_mask=0.1,
        per_category=(),
        identity_error=0.0,
        counts={},
        segm_fixed={"AP": 0.15},
    )
    assert list(result_table({"": evaluation}, ["AP"]).rows) == ["mask", "box", "mask fixed"]
    pair = result_table({"A": evaluation, "B": evaluation}, ["AP"])
    assert list(pair.rows)[2:4] == ["A mask fixed", "B mask"]


def test_only_the_files_that_are_asked_for_are_written(tmp_path: Path) -> None:
    write_tables(TABLE, None, tmp_path / "table.md", tmp_path / "table.csv")
    assert (tmp_path / "table.md").read_text() == TABLE.markdown()
    assert (tmp_path / "table.csv").read_text() == TABLE.csv()
    assert len(list(tmp_path.iterdir())) == 2
