"""Descriptions: links first, then the rows by falling AP, whatever they are called."""

from dashboards.views.links import MODE, Link
from dashboards.views.notes import MOST_ROWS, body_of, note, ranked
from longtail.tracking.experiment import SeenRun

LINKS = [Link("Report", "#/a"), Link("Rows", "#/b")]


def test_rows_fall_by_ap_and_what_is_undefined_is_not_zero() -> None:
    metrics = {"val/AP": 12.5, "val/AP_low": 11.0, "val/AP_high": 14.25, "val_box/AP": 13.0}
    rows = [
        SeenRun("1", "no AP", 0, {}, {}, {}),
        SeenRun("2", "zero", 0, {}, {}, {"val/AP": 0.0}),
        SeenRun("3", "best", 0, {}, {}, metrics),
    ]
    lines = ranked("7", rows).splitlines()[4:]
    place, name, *cells = [cell.strip() for cell in lines[0].strip("|").split("|")]
    assert (place, name) == ("1", "[best](#/experiments/7/runs/3?workflowType=machine_learning)")
    undefined = ["not defined"] * 3
    assert cells == ["12.50", "11.00 to 14.25", *undefined, "13.00"]
    assert lines[1].startswith(f"| 2 | [zero](#/experiments/7/runs/2?{MODE}) | 0.00 | not known |")
    assert lines[2].startswith(f"|  | [no AP](#/experiments/7/runs/1?{MODE}) | not defined |")


def test_a_name_cannot_leave_its_cell() -> None:
    name = 'a|b](x) <script>alert("1")</script>\n| c_d'
    (line,) = ranked("7", [SeenRun("1", name, 0, {}, {}, {})]).splitlines()[4:]
    assert line.count("|") == 9 and "<" not in line
    assert r"a&#124;b\]\(x\) &lt;script&gt;" in line and r"c\_d" in line


def test_many_rows_are_counted() -> None:
    rows = [SeenRun(str(n), f"r{n}", 0, {}, {}, {"val/AP": float(n)}) for n in range(MOST_ROWS + 3)]
    lines = ranked("7", rows).splitlines()
    assert lines[-1] == "3 more rows are in the view Rows."
    assert sum(line.startswith("|") for line in lines) == MOST_ROWS + 2


def test_links_stand_in_the_first_line_and_are_replaced() -> None:
    first = note(LINKS, "the rest\n\nof it")
    assert first.splitlines()[0] == "**Open:** [Report](#/a) · [Rows](#/b)"
    assert note(LINKS[:1], body_of(first)) == "**Open:** [Report](#/a)\n\nthe rest\n\nof it"
    assert body_of("no links") == "no links" and note([], "no links") == "no links"
