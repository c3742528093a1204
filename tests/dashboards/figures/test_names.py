"""Long names on axes stay apart."""

import pytest

from dashboards.figures.names import label_of, short_names


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["a", "b"], ["a", "b"]),
        # What differs at an end is seen without the middle.
        (
            ["x" * 30 + of for of in "12"],
            [f"xxxxxxxxx\u2026xxxxxxxx{of}" for of in "12"],
        ),
        # What differs in the middle is kept.
        (
            [f"seesaw_head_lr_{of}_with_a_name_that_goes_on" for of in ("0.1", "0.2")],
            ["seesaw_head_lr_0.1\u2026", "seesaw_head_lr_0.2\u2026"],
        ),
        # No word for it: numbers.
        (
            ["a" * 20 + "b" * n + "a" * 20 for n in (20, 21)],
            ["1: aaaaaaa\u2026aaaaaaa", "2: aaaaaaa\u2026aaaaaaa"],
        ),
    ],
)
def test_names_are_cut_where_they_do_not_differ(names: list[str], labels: list[str]) -> None:
    short = short_names(names, 20)
    assert short == labels
    assert len({*short}) == len(names) and all(len(of) <= 21 for of in short)


def test_a_hundred_long_names_have_a_hundred_labels() -> None:
    names = [f"seesaw_head_with_{n}_and_a_long_name_that_goes_on" for n in range(100)]
    short = short_names(names, 20)
    assert len({*short}) == 100
    assert short[42].endswith("42\u2026") and short[42].startswith("seesaw")


def test_an_axis_without_long_names_has_them_as_they_are() -> None:
    assert label_of(["a", "b"], 20) == "datum.label"
