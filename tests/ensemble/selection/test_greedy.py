"""Selections as ratios of weights, and which of them is the best."""

from pathlib import Path

from ensemble.selection.greedy import best_of, candidates, in_lowest_terms, members_of, told
from ensemble.selection.journal import SelectionJournal
from ensemble.sources.spec import SourceSpec

POOL = [
    SourceSpec("a", Path("/a"), weight=0.5),
    SourceSpec("b", Path("/b")),
    SourceSpec("c", Path("/c")),
]


def test_a_step_offers_every_member_again() -> None:
    found = candidates({"b": 1}, ["a", "b"])
    assert found == {"a": {"b": 1, "a": 1}, "b": {"b": 2}}
    assert candidates({}, ["a"]) == {"a": {"a": 1}}


def test_a_member_that_is_chosen_again_has_more_weight() -> None:
    chosen = members_of(POOL, {"c": 1, "a": 3})
    assert [(spec.name, spec.weight) for spec in chosen] == [("a", 1.5), ("c", 1.0)]


def test_equal_ratios_are_one_merge(tmp_path: Path) -> None:
    assert in_lowest_terms({"b": 2, "a": 4}) == {"a": 2, "b": 1}
    assert members_of(POOL, {"a": 2, "b": 2}) == POOL[:2]
    assert told({"b": 2, "a": 4}) == "2 a + b"
    journal = SelectionJournal(tmp_path)
    journal.add_candidate({"b": 2}, {"AP": 0.5})
    assert journal.result_of({"b": 1}) == {"AP": 0.5} and journal.result_of({"a": 1}) is None
    assert SelectionJournal(tmp_path).result_of({"b": 3}) == {"AP": 0.5}


def test_of_equal_gains_the_first_by_name_is_taken() -> None:
    assert best_of({"c": 0.5, "b": 0.5, "a": 0.25}) == "b"
    assert best_of({"a": -1.0, "b": 0.0}) == "b"
