"""Which row is above which, and which is whose baseline."""

from collections.abc import Sequence

from dashboards.ablation.order import baselines_of, first_of_variants, steps_of
from dashboards.sources.found import Found, Report, Row


def row(variant: str, seed: int | None = 0, several: bool = False) -> Row:
    name = f"{variant} seed {seed}" if several else variant
    return Row(name, "variant", {}, variant_name=variant, seed=seed)


def grid(rows: Sequence[Row], kind: str = "grid") -> Found:
    return Found("g", kind, rows=tuple(rows))


def test_a_step_is_from_the_row_above_in_the_order_of_the_grid() -> None:
    assert steps_of(grid([row("b"), row("a"), row("c")])) == [("a", "b"), ("c", "a")]
    assert steps_of(grid([row("b")])) == []


def test_a_step_stays_within_its_seed() -> None:
    rows = [
        row(name, seed, True) for name, seeds in (("a", (0, 1)), ("b", (0, 2))) for seed in seeds
    ]
    assert steps_of(grid(rows)) == [("b seed 0", "a seed 0")]
    result = Row("old", "result", {}, variant_name="old")
    assert steps_of(grid([*rows, result]))[-1] == ("old", "b seed 0")


def test_results_and_sources_are_in_no_order() -> None:
    assert steps_of(grid([row("a"), row("b")], "results")) == []
    assert first_of_variants(grid([row("a"), row("b")], "results")) == []


def test_the_first_seed_stands_for_its_variant() -> None:
    rows = [row(name, seed, True) for name in ("b", "a") for seed in (3, 1)]
    assert [of.name for of in first_of_variants(grid(rows))] == ["b seed 3", "a seed 3"]


def test_rows_are_compared_with_the_baseline_of_their_seed() -> None:
    rows = [row(name, seed, True) for name in ("a", "b") for seed in (0, 1)]
    other = grid([row("c", 7)])
    report = Report("t", (grid(rows), other), "a seed 0")
    assert baselines_of(report) == [
        ("b seed 0", "a seed 0"),
        ("b seed 1", "a seed 1"),
        ("c", "a seed 0"),
    ]
    assert baselines_of(Report("t", ())) == []
