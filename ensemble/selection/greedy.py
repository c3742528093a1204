"""Greedy forward selection with replacement: the member that helps most is added, again and again.

Source: Caruana, Niculescu-Mizil, Crew and Ksikes (2004), "Ensemble selection from libraries of
models", sections 2 and 2.2. A member that is chosen again counts twice: its weight doubles. We
differ in where it ends: there after a fixed number of steps, here where the gain on images that
were not chosen on cannot be told from 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import gcd

from ensemble.sources.spec import SourceSpec

Counts = dict[str, int]
"""How often each member was chosen, by name."""


def candidates(chosen: Mapping[str, int], names: Sequence[str]) -> dict[str, Counts]:
    """The selections that one more member makes, by its name.

    Args:
        chosen: So far.
        names: Of the pool.
    """
    return {name: {**chosen, name: chosen.get(name, 0) + 1} for name in names}


def in_lowest_terms(counts: Mapping[str, int]) -> Counts:
    """The same ratios of weights, by name: selections of equal ones are the same merge."""
    divisor = gcd(*counts.values())
    return {name: counts[name] // divisor for name in sorted(counts)}


def members_of(specs: Sequence[SourceSpec], counts: Mapping[str, int]) -> list[SourceSpec]:
    """The sources of a selection, each with its weight times how often it was chosen.

    Args:
        specs: The pool.
        counts: The selection.
    """
    ratios = in_lowest_terms(counts)
    return [
        replace(spec, weight=spec.weight * ratios[spec.name])
        for spec in specs
        if spec.name in ratios
    ]


def best_of(values: Mapping[str, float]) -> str:
    """The name of the highest value; of equal ones the first by name."""
    return min(values, key=lambda name: (-values[name], name))


def told(counts: Mapping[str, int]) -> str:
    """A selection in words, as in "a + 2 b"."""
    ratios = in_lowest_terms(counts)
    return " + ".join(name if count == 1 else f"{count} {name}" for name, count in ratios.items())
