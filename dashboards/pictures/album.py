"""Strips as HTML, category by category, with a key of the colours."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.pictures.categories import ChosenCategory
from dashboards.pictures.judging import Verdict
from dashboards.pictures.opened import OpenTruth
from dashboards.pictures.strips import Strip
from dashboards.pictures.tile import bright_colour
from dashboards.pictures.words import category_facts
from dashboards.rendering import rendered
from dashboards.section import Html

KEY = (
    ("truth", "ground truth", "as annotated"),
    (Verdict.FOUND, "TP", "finds an instance, IoU 0.5 or more"),
    (Verdict.WRONG, "FP", "finds none"),
    ("missed", "missed", "no detection finds it"),
    (Verdict.IGNORED, "ignored", "not all of them are annotated there, or this one is exempt"),
    (Verdict.UNJUDGED, "not judged", "nobody checked whether the image has the category"),
)  # fmt: skip
"""Style, the word in the pictures, and what it means."""


@dataclass(frozen=True)
class _Category:
    name: str
    facts: str
    strips: Sequence[Strip]


def album(
    name: str, opened: OpenTruth, categories: Sequence[ChosenCategory], strips: Sequence[Strip]
) -> Html:
    """The strips of some categories, in the order of these; those without a strip are left out.

    Args:
        name: The block's place on the page.
        opened: The annotations.
        categories: Their order, and why each is shown.
        strips: In any order; those of a category stay in theirs.
    """
    names = opened.truth.categories.names
    shown = []
    for category in categories:
        own = [strip for strip in strips if strip.label == category.label]
        if own:
            facts = category_facts(opened, category)
            shown.append(_Category(names[category.label], facts, own))
    styles = frozenset[str]().union(*(strip.styles for strip in strips))
    return Html(name, rendered("pictures.html", key=_key(styles), categories=shown))


def _key(styles: frozenset[str]) -> list[dict[str, str]]:
    return [
        {
            "word": word,
            "text": text,
            "colour": bright_colour(style),
            "kind": "outlined" if style == "missed" else "filled",
        }
        for style, word, text in KEY
        if style in styles
    ]
