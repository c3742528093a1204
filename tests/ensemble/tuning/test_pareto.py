"""The front: merges that none beats, and the few of them that are reported."""

from ensemble.tuning.journal import Trial
from ensemble.tuning.objective.margins import MarginTrials
from ensemble.tuning.pareto import MOST_PARETO_MERGES, Candidate, front, objectives, thinned


def trials_of(*margins: list[tuple[float, float]]) -> tuple[list[Trial], list[MarginTrials]]:
    """Trials with (AP, APr) of their margins; the rare margin counts them."""
    trials = [Trial(number, 0.0, 1.0, {}, {}) for number in range(len(margins))]
    tried = [
        MarginTrials(
            rare=[float(place) for place in range(len(pairs))],
            common=[0.0] * len(pairs),
            cell=[0.0] * len(pairs),
            metrics={"AP": [ap for ap, _ in pairs], "APr": [apr for _, apr in pairs]},
        )
        for pairs in margins
    ]
    return trials, tried


def test_margins_of_all_trials_are_candidates_and_failed_trials_have_none() -> None:
    tried = trials_of([(0.3, 0.1), (0.2, 0.2)], [], [(0.25, 0.15), (0.3, 0.1), (0.1, 0.1)])
    found = front(*tried, ("AP", "APr"))
    assert [(of.trial.number, of.rare_margin) for of in found] == [(0, 0), (2, 0), (0, 1)]
    assert found[1].metrics == {"AP": 0.25, "APr": 0.15}
    swapped = front(*tried, ("APr", "AP"))
    assert [(of.trial.number, of.rare_margin) for of in swapped] == [(0, 1), (2, 0), (0, 0)]


def test_a_thinned_front_keeps_the_best_of_every_metric() -> None:
    trial = Trial(0, 0.0, 1.0, {}, {})
    merges = [
        Candidate(trial, x / 100, 0.0, {"AP": 1 - x / 100, "APr": x / 100, "APf": float(x == 37)})
        for x in range(101)
    ]
    for names in (("AP", "APr"), ("AP", "APr", "APf")):
        few = thinned(merges, names)
        assert len(few) == MOST_PARETO_MERGES and few[0] == merges[0]
        for name in names:
            best = max(of.metrics[name] for of in merges)
            assert best in [of.metrics[name] for of in few]
    assert thinned(merges[:3], ("AP", "APr")) == merges[:3]
    assert thinned(merges[:1], ("AP", "APr")) == merges[:1]


def test_one_metric_has_another_beside_it() -> None:
    assert objectives(("AP",)) == ("AP", "APr")
    assert objectives(("APr",)) == ("APr", "AP")
    assert objectives(("APf", "APc")) == ("APf", "APc")
