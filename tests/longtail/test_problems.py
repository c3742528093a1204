"""Reports of what is wrong with a file."""

from longtail.problems import LONGEST_SHOWN, ProblemReport, describe


def test_a_long_name_is_cut_where_it_is_shown_and_kept_whole() -> None:
    report, name = ProblemReport("ann.json"), "x" * 5000
    report.error("images.file_name", "no such file", [name], "name the folder")
    (problem,) = report.errors
    assert problem.offenders == (name,)
    for text in (describe("ann.json", report.errors), problem.in_one_line):
        assert "x" * LONGEST_SHOWN + "..." in text and "x" * (LONGEST_SHOWN + 1) not in text
