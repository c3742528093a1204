"""One thumbnail: the colours of what is drawn."""

import pytest
from PIL import Image

from dashboards.look import COLOURS
from dashboards.pictures.judging import Detection, Instance, Shape, Verdict
from dashboards.pictures.tile import GROUND, Ground, Mark, draw_tile, row_marks, truth_marks
from dashboards.pictures.view import View

PLAIN = (10, 20, 30)
VIEW = View(0, 0, 120, 90, whole=True)
SHAPE = Shape((40.0, 30.0, 30.0, 30.0))


def ground(picture: Image.Image | None = None) -> Ground:
    return Ground(picture, 90, 120, VIEW)


def count(picture: Image.Image, name: str) -> int:
    """Pixels of a bright colour of the page."""
    colour = tuple(bytes.fromhex(COLOURS[name][1][1:]))
    return sum(pixel == colour for pixel in picture.getdata())


@pytest.mark.parametrize(
    ("verdict", "name"),
    [
        (Verdict.FOUND, "frequent"),
        (Verdict.WRONG, "rare"),
        (Verdict.IGNORED, "grey"),
        (Verdict.UNJUDGED, "grey"),
    ],
)
def test_a_verdict_has_its_colour_and_its_word(verdict: Verdict, name: str) -> None:
    marks = row_marks([Detection(SHAPE, 0.914, verdict)], [])
    assert [mark.text for mark in marks] == [f"{verdict} 0.91"]
    drawn = draw_tile(ground(), marks)
    unnamed = draw_tile(ground(), [Mark(SHAPE, verdict)])
    assert count(drawn, name) > count(unnamed, name) > 100
    others = {"common", "violet", "frequent", "rare", "grey"} - {name}
    assert not any(count(drawn, other) for other in others)


def test_a_score_that_would_read_as_zero_is_told_by_its_bound() -> None:
    (mark,) = row_marks([Detection(SHAPE, 0.004, Verdict.WRONG)], [])
    assert mark.text == "FP <0.01"


def test_what_is_missed_is_an_outline_below_what_is_found() -> None:
    marks = row_marks([Detection(SHAPE, 0.9, Verdict.FOUND)], [Instance(SHAPE)])
    assert [mark.style for mark in marks] == ["missed", "TP"]
    assert count(draw_tile(ground(), marks[:1]), "violet") > 100


def test_ignored_ground_truth_says_so() -> None:
    marks = truth_marks([Instance(SHAPE), Instance(SHAPE, ignored=True)])
    assert [(mark.style, mark.text) for mark in marks] == [("truth", ""), ("ignored", "ignored")]


def test_a_picture_is_seen_around_what_is_drawn_and_a_plain_ground_without_one() -> None:
    picture = Image.new("RGB", (120, 90), PLAIN)
    assert draw_tile(ground(picture), [Mark(SHAPE, "truth")]).getpixel((2, 2)) == PLAIN
    assert draw_tile(ground(), [Mark(SHAPE, "truth")]).getpixel((2, 2)) == GROUND
