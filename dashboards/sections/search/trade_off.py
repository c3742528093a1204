"""What one metric costs another: the trials between which one must choose."""

from collections.abc import Mapping, Sequence
from itertools import chain, combinations
from operator import attrgetter
from typing import Any

from dashboards.figures.search.looks import points_of
from dashboards.figures.search.pareto import Candidate, pareto
from dashboards.measured import possible, told_of_ends
from dashboards.section import Block, Section
from dashboards.sections.search.searches import searches
from dashboards.sources.found import Report
from dashboards.sources.tuning import Tuning
from longtail.metrics import UNDEFINED
from longtail.results.points import points_or_nan
from longtail.sweep.analysis.analysis import Analysis

FAR = 2.0
"""Times the length of the front along a metric."""


def trade_off(report: Report) -> Section | None:
    """Of sweeps to raise several metrics, and of tunings that left several merges to choose."""
    blocks: list[Block] = []
    for search in searches(report):
        if search.analysis is not None and search.analysis.pareto:
            blocks += search.told_apart(_of_sweep(search.analysis, search.suffix))
        if search.tuning is not None and search.tuning.report:
            blocks += search.told_apart(_of_tuning(search.tuning, search.suffix))
    if not blocks:
        return None
    text = "What one metric costs another; towards the top right is better."
    return Section("trade-off", "Between the metrics", text, (*blocks,))


def _of_sweep(analysis: Analysis, suffix: str) -> list[Block]:
    text = (
        f"Numbered: the {len(analysis.pareto)} finished trials that no other one dominates, being"
        " as good in every metric and better in one."
    )
    finished = [trial for trial in analysis.trials if trial.state == "finished"]
    return [
        pareto(
            across,
            up,
            [
                [
                    Candidate(
                        str(trial.number),
                        points_of(trial, across),
                        points_of(trial, up),
                        trial.number in analysis.pareto,
                    )
                    for trial in finished
                ]
            ],
            text,
            suffix,
        )
        for across, up in combinations(analysis.sweep.metrics, 2)
    ]


def _of_tuning(tuning: Tuning, suffix: str) -> list[Block]:
    members = tuning.report["pareto"]["members"]
    if len(members) < 2:
        return []
    trials = [trial for trial in tuning.trials if trial.state == "finished"]
    text = (
        "Numbered as in pareto/NN, 00 the winner: merges that none beats in all metrics on the half"
        " that is tuned on; other dots there are the best of trials that come near. Lines are 95%"
        " intervals."
    )
    blocks: list[Block] = []
    for across, up in combinations(tuning.objectives, 2):
        chosen = [
            [_member(member, half, across, up) for member in members]
            for half in ("tuned_on", "held_out")
        ]
        others = [
            Candidate(f"trial {of.number}", points_of(of, across), points_of(of, up), False)
            for of in trials
        ]
        others = _near(others, chosen[0])
        panels = [[*others, *chosen[0]], chosen[1]]
        spans = [span or () for of in chain(*chosen) for span in (of.across_span, of.up_span)]
        told = text + told_of_ends(chain.from_iterable(spans))
        titles = ("the half that is tuned on", "the other half")
        blocks.append(pareto(across, up, panels, told, suffix, titles))
    return blocks


def _near(others: Sequence[Candidate], members: Sequence[Candidate]) -> list[Candidate]:
    """Those in sight of the front, which would be a spot beside merges that are far from it."""
    kept = [*others]
    for values in (attrgetter("across"), attrgetter("up")):
        front = [values(of) for of in members]
        least = min(front) - FAR * (max(front) - min(front))
        kept = [of for of in kept if values(of) >= least]
    return kept


def _member(member: Mapping[str, Any], half: str, across: str, up: str) -> Candidate:
    tree = member[half]
    spans = [_span(tree, metric) for metric in (across, up)]
    name = member["folder"].rpartition("/")[2]
    return Candidate(name, points_or_nan(tree[across]), points_or_nan(tree[up]), True, *spans)


def _span(tree: Mapping[str, Any], metric: str) -> tuple[float, float] | None:
    interval = tree.get("intervals", {}).get(metric)
    if interval is None or interval["standard_error"] == UNDEFINED:
        return None
    return possible(100 * interval["low"]), possible(100 * interval["high"])
