"""Where trials are evaluated on their way, and what names a sweep."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ray.tune.schedulers.async_hyperband import _Bracket
from support.sweep_scene import sweep_of

from longtail.data.semantic.maps import SemanticMaps
from longtail.sealed import write_sealed_json
from longtail.sweep.driver.rung_evaluation import intermediate_value_directory
from longtail.sweep.journal import REQUEST, describe
from longtail.sweep.recalled import recalled_sweep
from longtail.sweep.request import rung_steps


@pytest.mark.parametrize(
    ("iterations", "num_rungs", "reduction", "steps"),
    [
        (90, 3, 3, (10, 30, 90)),
        (90, 1, 3, (90,)),
        (100, 3, 3, (12, 36, 100)),
        (7, 4, 2, (1, 2, 4, 7)),
        (2, 5, 4, (1, 2)),
    ],
)
def test_rungs_by_hand(
    iterations: int, num_rungs: int, reduction: int, steps: tuple[int, ...]
) -> None:
    assert rung_steps(iterations, num_rungs, reduction) == steps


@given(st.integers(2, 10_000), st.integers(1, 6), st.integers(2, 5))
def test_ray_tune_puts_its_milestones_there(
    iterations: int, num_rungs: int, reduction: int
) -> None:
    *on_the_way, end = rung_steps(iterations, num_rungs, reduction)
    assert end == iterations
    if on_the_way:
        bracket = _Bracket(on_the_way[0], iterations, reduction, 0)
        milestones = sorted(milestone for milestone, _ in bracket._rungs)
        assert [step for step in milestones if step < iterations] == on_the_way


def test_pngs_of_classes_change_a_sweep_and_are_recalled(tmp_path: Path) -> None:
    usual = sweep_of()
    maps = SemanticMaps(tmp_path, "c" * 64)
    with_maps = replace(usual, data=replace(usual.data, semantic=maps))
    assert "semantic" not in usual.identity() and usual.id != with_maps.id
    for sweep in (usual, with_maps):
        folder = tmp_path / sweep.id
        folder.mkdir()
        write_sealed_json(folder / REQUEST, describe(sweep))
        assert recalled_sweep(folder, 8).id == sweep.id


def test_exhaustive_labels_change_a_sweep_and_its_evaluations_on_the_way(tmp_path: Path) -> None:
    usual = sweep_of()
    exhaustive = replace(usual, data=replace(usual.data, exhaustive=True))
    assert "exhaustive" not in usual.identity() and usual.id != exhaustive.id
    points = [sweep.layout.points[0] for sweep in (usual, exhaustive) if sweep.layout]
    rows = [sweep.row(0, points[0]) for sweep in (usual, exhaustive)]
    folders = [intermediate_value_directory(tmp_path, row) for row in rows]
    assert folders[0].name == rows[0].predictions.id
    assert folders[1].name == f"{rows[1].predictions.id}-exhaustive"
