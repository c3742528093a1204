"""Heat maps of a searched path and of margins."""

import json
from pathlib import Path

import pytest
from support.sweep_scene import DETECTIONS, DIMENSIONS, LAMBDA, halved_trials, sweep_of, trial_of

from longtail.config.search_space import Choice, Dimension, Uniform
from longtail.sweep.analysis.analysis import analyse
from longtail.sweep.analysis.files import write_analysis
from longtail.sweep.analysis.margin_file import RARE_MARGINS, MarginResults, TrialMargins
from longtail.sweep.analysis.margin_maps import MarginMaps
from longtail.sweep.analysis.marginals import BinMean
from longtail.sweep.request import Sweep
from longtail.sweep.trial import Trial

SWEEP = sweep_of({LAMBDA: DIMENSIONS[LAMBDA]})


def under_margins(trial: Trial, num_over_cap: int = 3) -> TrialMargins:
    """AP rises by a tenth of the margin, APr by all of it."""
    shares = {"AP": 0.1, "APr": 1.0}
    metrics = {
        name: tuple(trial.metrics["AP"] + share * margin for margin in RARE_MARGINS)
        for name, share in shares.items()
    }
    return TrialMargins(RARE_MARGINS, 300, 48, num_over_cap, metrics)


def margins_of(trials: list[Trial]) -> MarginResults:
    finished = [trial for trial in trials if trial.state == "finished"]
    return MarginResults({trial.evaluation: under_margins(trial) for trial in finished})


def cells_of(maps: MarginMaps, metric: str) -> tuple[tuple[BinMean, ...], ...]:
    return next(item.cells.cells for item in maps.maps if item.metric == metric)


def maps_of(sweep: Sweep, trials: list[Trial], margins: MarginResults) -> MarginMaps:
    maps = analyse(sweep, trials, margins=margins).margins
    assert maps is not None
    return maps


def test_few_trials_have_a_column_each_by_rising_value() -> None:
    values = (0.01, 0.001, 0.05)
    trials = [trial_of(n, 0.1 * n, {LAMBDA: value}) for n, value in enumerate(values)]
    maps = maps_of(SWEEP, trials, margins_of(trials))
    ap, apr = maps.maps
    assert (ap.metric, apr.metric) == ("AP", "APr")
    assert [part.name for part in ap.across.bins] == ["0.001", "0.01", "0.05"]
    assert [part.name for part in ap.up.bins] == ["0", "0.05", "0.1", "0.15", "0.2", "0.3"]
    for row, margin in enumerate(RARE_MARGINS):
        aps = [cell.mean for cell in ap.cells.cells[row]]
        assert aps == pytest.approx([0.1 + margin / 10, margin / 10, 0.2 + margin / 10])
    first = apr.cells.cells[2][0]
    assert first.name == "trial 1 at 0.001, rare margin 0.1"


def test_many_trials_are_averaged_in_bins() -> None:
    trials = halved_trials(SWEEP, 20)
    analysis = analyse(SWEEP, trials, margins=margins_of(trials))
    maps = analysis.margins
    assert maps is not None and maps.maps[0].across == analysis.coarse[LAMBDA]
    for row, margin in zip(cells_of(maps, "AP"), RARE_MARGINS, strict=True):
        assert sum(cell.num_trials for cell in row) == 20
        total = sum(cell.num_trials * (cell.mean or 0.0) for cell in row)
        assert total == pytest.approx(sum(t.metrics["AP"] + margin / 10 for t in trials))


def test_trials_of_the_same_choice_share_a_column() -> None:
    sweep = sweep_of({DETECTIONS: Choice((100, 300))})
    trials = [trial_of(n, 0.1 * n, {DETECTIONS: 100 + 200 * (n % 2)}) for n in range(3)]
    cells = cells_of(maps_of(sweep, trials, margins_of(trials)), "AP")[0]
    assert [(cell.mean, cell.num_trials) for cell in cells] == [(0.1, 2), (0.1, 1)]


@pytest.mark.parametrize(
    ("more", "number"), [({}, 3), ({"inference.nms_iou": Uniform(0.4, 0.7)}, 1)]
)
def test_few_paths_have_maps_each_by_importance_and_of_many_the_first(
    more: dict[str, Dimension], number: int
) -> None:
    sweep = sweep_of({**DIMENSIONS, **more})
    trials = halved_trials(sweep, 40)
    analysis = analyse(sweep, trials, margins=margins_of(trials))
    shares = analysis.of_metrics[0].importances.shares
    assert shares is not None and analysis.margins is not None
    assert [(item.across.path, item.metric) for item in analysis.margins.maps] == [
        (path, metric) for path in list(shares)[:number] for metric in ("AP", "APr")
    ]


def test_the_finding_says_whether_margins_can_matter() -> None:
    trials = [trial_of(n, 0.2, {LAMBDA: 0.001 * (n + 1)}) for n in range(2)]
    counts = {"0": (0, 0), "3": (3, 3), "3 to 12, by trial,": (12, 3)}
    for words, numbers in counts.items():
        found = {
            t.evaluation: under_margins(t, number)
            for t, number in zip(trials, numbers, strict=True)
        }
        finding = maps_of(SWEEP, trials, MarginResults(found)).finding
        assert finding.startswith(f"{words} of 48 images exceed the cap of 300: ")
        assert ("cannot change anything" in finding) == (words == "0")
        assert ("inference.detections_per_image above 300" in finding) == (words == "0")


def test_no_remedy_is_named_where_trials_keep_more_than_the_cap_already() -> None:
    sweep = sweep_of({DETECTIONS: DIMENSIONS[DETECTIONS]})
    trial = trial_of(0, 0.2, {DETECTIONS: 500})
    finding = maps_of(
        sweep, [trial], MarginResults({trial.evaluation: under_margins(trial, 0)})
    ).finding
    assert finding == "0 of 48 images exceed the cap of 300: margins cannot change anything there."


def test_an_undefined_metric_has_no_map() -> None:
    trial = trial_of(0, 0.2, {LAMBDA: 0.001})
    undefined = (-1.0,) * len(RARE_MARGINS)
    found = TrialMargins(RARE_MARGINS, 300, 48, 3, {"AP": (0.2,) * 6, "APr": undefined})
    maps = maps_of(SWEEP, [trial], MarginResults({trial.evaluation: found}))
    assert [item.metric for item in maps.maps] == ["AP"]


def test_stopped_trials_are_left_out() -> None:
    sweep = sweep_of({LAMBDA: DIMENSIONS[LAMBDA]}, scheduler="asha")
    trials = halved_trials(sweep, 36)
    maps = maps_of(sweep, trials, margins_of(trials))
    assert {trial.state for trial in maps.trials} == {"finished"} and len(maps.trials) == 4


def test_the_file_has_the_numbers_of_the_maps(tmp_path: Path) -> None:
    trials = halved_trials(SWEEP, 5)
    analysis = analyse(SWEEP, trials, None, margins_of(trials))
    write_analysis(tmp_path, analysis)
    tree = json.loads((tmp_path / "analysis.json").read_text())["margins"]
    maps = analysis.margins
    assert maps is not None
    assert tree["finding"] == maps.finding
    assert tree["common_margins"] == [margin / 2 for margin in tree["rare_margins"]]
    assert [trial["number"] for trial in tree["trials"]] == [0, 1, 2, 3, 4]
    assert [item["metric"] for item in tree["heat_maps"]] == ["AP", "APr"]
    for item in tree["heat_maps"]:
        held = [cell for row in item["cells"] for cell in row]
        cells = [cell for row in cells_of(maps, item["metric"]) for cell in row]
        assert [cell["mean"] for cell in held] == [cell.mean for cell in cells]
        assert {cell["num_trials"] for cell in held} == {1}


def test_without_a_finished_trial_there_are_none() -> None:
    trials = [trial_of(0, 0.2, {LAMBDA: 0.001}, state="stopped")]
    assert analyse(SWEEP, trials, margins=MarginResults({})).margins is None
    assert analyse(SWEEP, trials).margins is None


def test_problems_are_kept_also_where_no_trial_is_left() -> None:
    trials = [trial_of(0, 0.2, {LAMBDA: 0.001})]
    problem = MarginResults({}, ("trial 0: <store> is gone",))
    maps = analyse(SWEEP, trials, margins=problem).margins
    assert maps is not None
    assert (maps.margins.problems, maps.maps) == (("trial 0: <store> is gone",), ())
