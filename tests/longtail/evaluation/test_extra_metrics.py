"""What an evaluation adds when it is asked to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longtail.evaluation.lvis import evaluate
from longtail.evaluation.match_table import match_table
from longtail.evaluation.metrics.match_files import read_matches
from longtail.evaluation.metrics.pooled import ap_pool
from longtail.evaluation.uncertainty.bootstrap import bootstrap

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]


def test_by_itself_an_evaluation_holds_no_extras(make_problem: MakeProblem, write: Write) -> None:
    evaluation = evaluate(*write(*make_problem(120)))
    assert evaluation.pool == evaluation.boundary == evaluation.headroom == {}
    assert evaluation.proposals == evaluation.intervals == evaluation.comparison == {}


def test_an_unknown_extra_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\['mean'\] are unknown; there are pool, boundary"):
        evaluate(tmp_path, tmp_path, extras=["mean"])


def test_pool_and_intervals_are_of_masks_and_boxes(make_problem: MakeProblem, write: Write) -> None:
    paths = write(*make_problem(121))
    evaluation = evaluate(*paths, extras=["pool"], resamples=20)
    segm, box = match_table(*paths, "segm"), match_table(*paths, "box")
    assert evaluation.pool == {"segm": ap_pool(segm), "box": ap_pool(box)}
    assert evaluation.intervals == {"segm": bootstrap(segm, 20), "box": bootstrap(box, 20)}
    value = evaluation.intervals["segm"].metrics["AP"].value
    assert value == pytest.approx(evaluation.segm["AP"], abs=1e-15)


def test_a_set_compared_with_itself_differs_by_exactly_nothing(
    make_problem: MakeProblem, write: Write
) -> None:
    paths = write(*make_problem(122))
    evaluation = evaluate(*paths, resamples=20, compare_with=paths[1])
    assert set(evaluation.comparison) == {"segm", "box"}
    for comparison in evaluation.comparison.values():
        defined = [d for d in comparison.metrics.values() if d.a != -1]
        assert defined
        assert all((d.difference, d.low, d.high, d.real) == (0, 0, 0, False) for d in defined)


def test_a_set_without_masks_is_compared_by_boxes(
    make_problem: MakeProblem, write: Write, tmp_path: Path
) -> None:
    annotations, results = make_problem(123)
    boxes = [{k: v for k, v in r.items() if k != "segmentation"} for r in results]
    others = write(annotations, boxes)[1].rename(tmp_path / "boxes.json")
    paths = write(annotations, results)
    for predictions, other in ((paths[1], others), (others, paths[1])):
        found = evaluate(paths[0], predictions, resamples=20, compare_with=other)
        assert set(found.comparison) == {"box"}


def test_the_difference_of_two_sets_is_the_second_minus_the_first(
    make_problem: MakeProblem, write: Write, tmp_path: Path
) -> None:
    annotations, results = make_problem(124)
    worse = write(annotations, results[::2])[1].rename(tmp_path / "worse.json")
    paths = write(annotations, results)
    evaluation = evaluate(*paths, resamples=20, compare_with=worse)
    other = evaluate(paths[0], worse)
    found = evaluation.comparison["box"].metrics["AP"]
    expected = other.box["AP"] - evaluation.box["AP"]
    assert found.difference == pytest.approx(expected, abs=1e-15)
    assert expected < 0


@pytest.mark.parametrize("resamples", [-1, 1, 19])
def test_too_few_resamples_are_refused_before_any_work(resamples: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"resamples is {resamples}; it must be 0"):
        evaluate(tmp_path / "nowhere", tmp_path / "nowhere", resamples=resamples)


def test_matches_are_kept_where_asked_for(
    make_problem: MakeProblem, write: Write, tmp_path: Path
) -> None:
    paths = write(*make_problem(125))
    evaluate(*paths, max_dets=5, keep_matches=tmp_path / "matches")
    expected = match_table(*paths, "box", max_dets=5)
    found = read_matches(tmp_path / "matches", expected.categories)
    assert set(found) == {"segm", "box"}
    assert np.array_equal(found["box"].row, expected.row)
    assert np.array_equal(found["box"].matched, expected.matched)
