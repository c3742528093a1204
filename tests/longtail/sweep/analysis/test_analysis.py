"""What is known about a sweep."""

from support.sweep_scene import (
    BASE,
    DETECTIONS,
    DIMENSIONS,
    LAMBDA,
    MASK,
    halved_trials,
    sweep_of,
    trial_of,
)

from longtail.config.search_space import Choice, Uniform
from longtail.sweep.analysis.analysis import analyse


def test_the_best_is_a_finished_trial_and_those_stopped_come_after() -> None:
    sweep = sweep_of({LAMBDA: DIMENSIONS[LAMBDA]})
    trials = [
        trial_of(0, 0.1, {LAMBDA: 0.001}),
        trial_of(1, 0.3, {LAMBDA: 0.002}, state="stopped"),
        trial_of(2, 0.2, {LAMBDA: 0.003}),
    ]
    analysis = analyse(sweep, trials)
    assert [trial.number for trial in analysis.ranking] == [2, 0, 1]
    assert analysis.best == trials[2]
    assert analyse(sweep, trials[1:2]).best is None


def test_up_to_three_paths_have_a_heat_map_of_every_pair() -> None:
    sweep = sweep_of()
    (of_metric,) = analyse(sweep, halved_trials(sweep, 12)).of_metrics
    pairs = {frozenset((cells.across, cells.down)) for cells in of_metric.heat_maps}
    paths = (LAMBDA, MASK, DETECTIONS)
    assert pairs == {frozenset((a, b)) for a in paths for b in paths if a != b}


def test_of_more_paths_the_two_most_important_have_a_heat_map() -> None:
    sweep = sweep_of({**DIMENSIONS, "inference.nms_iou": Uniform(0.3, 0.8)})
    (of_metric,) = analyse(sweep, halved_trials(sweep, 60)).of_metrics
    (cells,) = of_metric.heat_maps
    assert {cells.across, cells.down} == {LAMBDA, MASK}


def test_one_path_has_no_heat_map() -> None:
    sweep = sweep_of({LAMBDA: DIMENSIONS[LAMBDA]})
    assert analyse(sweep, halved_trials(sweep, 5)).of_metrics[0].heat_maps == ()


def test_the_base_value_of_a_component_at_its_defaults_is_its_name() -> None:
    path = "inference.score_adjustment"
    default, changed = (f"stages.{number}.classifier" for number in range(2))
    values = Choice(("softmax", "equalization"))
    sweep = sweep_of({path: Choice(("none", "norcal")), default: values, changed: values})
    base = analyse(sweep, []).base
    assert base[path] == BASE.inference.score_adjustment.name
    assert base[default] == "softmax"
    assert base[changed]["tail_frequency"] == 0.00177


def test_several_metrics_are_analysed_one_by_one() -> None:
    sweep = sweep_of(metrics=("AP", "APr", "APc"))
    trials = halved_trials(sweep, 12)
    analysis = analyse(sweep, trials)
    assert [item.metric for item in analysis.of_metrics] == ["AP", "APr", "APc"]
    assert analysis.of_metrics[0].importances.shares is not None
    assert analysis.of_metrics[2].importances.shares is None
