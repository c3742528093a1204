"""What a report learns of a merge's folder."""

import json
from pathlib import Path

import pytest
from support.dashboards.made_merge import make_merge

from dashboards.sources.combine import combine
from dashboards.sources.merge import read_merge
from dashboards.sources.open import open_source
from longtail.problems import BadInputError


@pytest.fixture(scope="module")
def merge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_merge(tmp_path_factory.mktemp("merge"), "--resamples=20")


def test_rows_are_the_sources_and_the_merge_with_their_numbers(merge: Path) -> None:
    found = open_source(merge)
    tree = json.loads((merge / "evaluation.json").read_text())
    assert [row.name for row in found.rows] == [*"abc", "out"]
    assert [row.kind for row in found.rows] == ["source"] * 3 + ["merge"]
    assert found.rows[1].evaluation["segm"] == tree["sources"]["b"]["segm"]
    last = found.rows[-1]
    assert last.evaluation["segm"] == tree["steps"]["merged"]["segm"]
    assert last.evaluation["per_category"] == tree["steps"]["merged"]["per_category"]
    assert [record["id"] for record in last.evaluation["per_category"]] == [3, 7, 9]
    assert last.evaluation["counts"]["images"] == 3
    assert last.predictions == merge / "merged"
    assert found.rows[0].predictions == merge.parent / "a.json"
    assert last.annotations == merge.parent / "ann.json"


def test_the_difference_to_the_best_source_is_one_of_rows(merge: Path) -> None:
    found = read_merge(merge)
    (difference,) = found.differences
    against = json.loads((merge / "evaluation.json").read_text())["against_best_source"]
    assert (difference.row, difference.baseline) == ("out", against["source"])
    assert difference.comparison["metrics"] == against["metrics"]
    assert combine("", [found]).baseline == against["source"]


def test_a_calibration_fitted_to_what_judges_is_warned_of(merge: Path) -> None:
    found = read_merge(merge)
    assert any("flatters" in warning for warning in found.warnings)
    assert list(found.tree["calibration"].sources) == ["a", "b"]
    assert not found.missing


def test_a_calibration_that_is_gone_or_another_one_is_missing(merge: Path, tmp_path: Path) -> None:
    copy = _copy(merge, tmp_path)
    request = json.loads((copy / "merge.json").read_text())
    request["settings"]["calibration"] = str(tmp_path / "gone.json")
    (copy / "merge.json").write_text(json.dumps(request))
    found = read_merge(copy)
    assert found.tree["calibration"] is None and "no longer there" in found.missing[0]
    (tmp_path / "gone.json").write_text("{}")
    assert "not the calibration that was merged with" in read_merge(copy).missing[0]


def test_a_merge_that_has_not_ended_says_so_and_shows_what_is_there(
    merge: Path, tmp_path: Path
) -> None:
    copy = _copy(merge, tmp_path)
    for name in ("result.json", "evaluation.json"):
        (copy / name).unlink()
    found = read_merge(copy)
    assert not found.rows and found.tree["statistics"]
    assert "has not ended" in found.missing[0]
    (copy / "stats.json").unlink()
    assert not read_merge(copy).tree["statistics"]


def test_a_merge_without_ap_says_why(merge: Path, tmp_path: Path) -> None:
    copy = _copy(merge, tmp_path)
    (copy / "evaluation.json").unlink()
    result = json.loads((copy / "result.json").read_text())
    del result["files"]["evaluation.json"]
    (copy / "result.json").write_text(json.dumps(result))
    assert "--no-evaluate" in read_merge(copy).missing[0]


def test_files_that_are_gone_are_named(merge: Path, tmp_path: Path) -> None:
    copy = _copy(merge, tmp_path)
    for name in ("stats.json", "evaluation.json"):
        (copy / name).unlink()
    (told,) = read_merge(copy).missing
    assert "stats.json and evaluation.json are gone; run the merge's command again" in told


def test_merges_of_before_have_no_ap_by_category(merge: Path, tmp_path: Path) -> None:
    copy = _copy(merge, tmp_path)
    tree = json.loads((copy / "evaluation.json").read_text())
    for row in (*tree["sources"].values(), *tree["steps"].values()):
        del row["per_category"]
    (copy / "evaluation.json").write_text(json.dumps(tree))
    statistics = json.loads((copy / "stats.json").read_text())
    for source in statistics["sources"].values():
        del source["clusters"]
    (copy / "stats.json").write_text(json.dumps(statistics))
    found = read_merge(copy)
    assert found.rows[-1].evaluation["per_category"] == []
    assert [("by category" in text, "alone" in text) for text in found.missing] == [
        (True, False), (False, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("merge.json", "{}", "'settings'"),
        ("stats.json", "[]", "no JSON object"),
        ("stats.json", "{", "stats.json"),
        ("evaluation.json", '{"steps": {}, "sources": {}}', "'merged'"),
    ],
)
def test_damaged_files_are_named(
    merge: Path, tmp_path: Path, name: str, content: str, word: str
) -> None:
    copy = _copy(merge, tmp_path)
    (copy / name).write_text(content)
    with pytest.raises(BadInputError, match=word) as problem:
        read_merge(copy)
    assert name in str(problem.value)


def _copy(merge: Path, folder: Path) -> Path:
    copy = folder / "copy"
    copy.mkdir()
    for path in merge.glob("*.json"):
        (copy / path.name).write_bytes(path.read_bytes())
    return copy
