"""What an evaluation adds when it is asked to."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longtail.commands import run
from longtail.evaluation import extra_metrics
from longtail.evaluation.__main__ import main
from longtail.evaluation.extra_metrics import EXTRA_METRICS
from longtail.evaluation.lvis import evaluate
from longtail.evaluation.match_table import match_table
from longtail.evaluation.metrics.extra_metric import EvaluatedSet, ExtraMetric
from longtail.evaluation.metrics.matches.files import read_matches
from longtail.evaluation.metrics.pooled import ap_pool
from longtail.evaluation.uncertainty.bootstrap import bootstrap
from longtail.metrics import UNDEFINED

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]


def test_by_itself_an_evaluation_holds_no_extras(make_problem: MakeProblem, write: Write) -> None:
    evaluation = evaluate(*write(*make_problem(120)))
    assert evaluation.extras == evaluation.intervals == evaluation.comparison == {}
    tree = evaluation.as_dict()
    assert tree["pool"] == tree["boundary"] == tree["headroom"] == tree["proposals"] == {}
    assert "extras" not in tree


def test_an_unknown_extra_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\['mean'\] are unknown; there are pool, boundary"):
        evaluate(tmp_path, tmp_path, extras=["mean"])


def mask_ap_at_90(of: EvaluatedSet) -> dict[str, float]:
    """AP of masks at IoU 0.9, over all areas."""
    rescorer = of.matched.rescorers["segm"]
    precision = rescorer.curves(rescorer.scores).precision[8, ..., 0]
    return {"AP90": float(precision[precision > UNDEFINED].mean())}


STRICT = ExtraMetric(
    name="strict",
    description="AP at IoU 0.9",
    label="AP at 0.9",
    compute=mask_ap_at_90,
    tracked={"AP90": "val/AP90"},
)


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more metric."""
    monkeypatch.setattr(extra_metrics, "EXTRA_METRICS", (*EXTRA_METRICS, STRICT))


@pytest.mark.usefixtures("strict")
def test_a_metric_is_known_everywhere_by_its_place_in_the_tuple(
    make_problem: MakeProblem, write: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    paths = write(*make_problem(126))
    options = ("--also", "strict", "--json", str(tmp_path / "ap.json"))
    with pytest.raises(SystemExit) as stopped:
        run(main, [*map(str, paths), *options])
    assert stopped.value.code == 0
    evaluation = evaluate(*paths, extras=["strict"])
    value = evaluation.extras["strict"]["AP90"]
    assert 0 < value < evaluation.segm["AP50"]
    tree = json.loads((tmp_path / "ap.json").read_text())
    assert tree["strict"] == {"AP90": value}
    assert list(tree).index("strict") == list(tree).index("proposals") + 1
    assert f"AP at 0.9: AP90 {100 * value:.2f}" in capfd.readouterr().out
    assert evaluation.metrics()["val/AP90"] == round(100 * value, 2)


@pytest.mark.usefixtures("strict")
def test_help_names_every_metric(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(main, ["--help"])
    words = " ".join(capfd.readouterr().out.split())
    assert "[pool|boundary|headroom|proposals|strict]" in words
    expected = (
        "AP-pool, boundary AP, headroom of the labels, recall of proposals, or AP at IoU 0.9;"
    )
    assert expected in words


@pytest.mark.usefixtures("strict")
def test_a_row_stands_among_those_of_the_thirteen_metrics(
    monkeypatch: pytest.MonkeyPatch, make_problem: MakeProblem, write: Write
) -> None:
    row = replace(STRICT, is_row=True, compute=lambda of: of.matched.summaries["segm"].metrics)
    monkeypatch.setattr(extra_metrics, "EXTRA_METRICS", (row,))
    evaluation = evaluate(*write(*make_problem(127)), extras=["strict"])
    assert list(evaluation.kinds())[-1] == "AP at 0.9"
    assert evaluation.kinds()["AP at 0.9"] == evaluation.segm


def test_what_is_not_available_is_refused_before_the_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse() -> None:
        raise ValueError("needs a package")

    lacking = replace(STRICT, check_available=refuse)
    monkeypatch.setattr(extra_metrics, "EXTRA_METRICS", (lacking,))
    with pytest.raises(ValueError, match="needs a package"):
        evaluate(tmp_path, tmp_path, extras=["strict"])


def test_pool_and_intervals_are_of_masks_and_boxes(make_problem: MakeProblem, write: Write) -> None:
    paths = write(*make_problem(121))
    evaluation = evaluate(*paths, extras=["pool"], resamples=20)
    segm, box = match_table(*paths, "segm"), match_table(*paths, "box")
    assert evaluation.extras["pool"] == {"segm": ap_pool(segm), "box": ap_pool(box)}
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
