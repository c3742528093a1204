import pytest
from support.dashboards.drawn import check_quiet, drawn_words
from support.dashboards.made_diagnosed import made_diagnosed

from dashboards.figures.diagnosis.score_distribution import score_distribution, score_table


def test_counts_are_those_of_the_histograms() -> None:
    rows = made_diagnosed("", "f")
    table = score_table(rows)
    for number, row in enumerate(rows):
        for letter in "rcf":
            for kind in ("right", "wrong"):
                of = table[table["row"].eq(number) & table["group"].eq(letter)]
                of = of[of["kind"] == kind]
                histogram = row.diagnosis["scores"][letter][kind]["histogram"]
                expected = {place / 20: count for place, count in enumerate(histogram) if count}
                assert dict(zip(of["low"], of["count"], strict=True)) == expected


def test_panels_say_how_many_are_right_and_wrong() -> None:
    rows = made_diagnosed("", "f", None)
    scores = rows[1].diagnosis["scores"]["r"]
    shown = drawn_words(score_distribution(rows, 1))
    assert f"{scores['right']['count']:,} right, {scores['wrong']['count']:,} wrong" in shown
    assert shown.count("no judged detection") == 1
    assert drawn_words(score_distribution(rows, 2)).count("not diagnosed") == 3


def test_the_sentence_has_the_median_score_of_right_detections() -> None:
    rows = made_diagnosed("c")
    rows[0].diagnosis["scores"]["r"]["right"]["quantiles"] = [0.1, 0.2, 0.34, 0.5, 0.6]
    text = score_distribution(rows).text
    assert "Of row_0, the median score of right ones is rare 0.34, frequent 0.50." in text
    for letter in "rf":
        rows[0].diagnosis["scores"][letter]["right"]["quantiles"] = []
    assert "Of row_0, no judged detection is right." in score_distribution(rows).text


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    check_quiet(score_distribution(made_diagnosed("", "f", None)), capfd)
