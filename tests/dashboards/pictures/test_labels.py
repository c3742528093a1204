"""Words on a thumbnail do not cover one another."""

from PIL import Image, ImageDraw

from dashboards.pictures.labels import Labels

GROUND = (1, 2, 3)
COLOURS = [(250, 10 * i, 0) for i in range(5)]


def grounds(picture: Image.Image) -> list[int]:
    """Pixels of each colour."""
    pixels = list(picture.getdata())
    return [pixels.count(colour) for colour in COLOURS]


def test_five_words_beside_one_place_are_all_to_be_seen() -> None:
    alone = Image.new("RGB", (240, 160), GROUND)
    Labels(ImageDraw.Draw(alone), alone.size, []).write("FP 0.50", (9, 50, 30, 70), COLOURS[0])
    (whole, *_) = grounds(alone)
    picture = Image.new("RGB", (240, 160), GROUND)
    place = (100.0, 60.0, 130.0, 80.0)
    labels = Labels(ImageDraw.Draw(picture), picture.size, [place])
    for colour in COLOURS:
        labels.write("FP 0.50", place, colour)
    assert grounds(picture) == [whole] * 5


def test_words_stay_within_the_smallest_thumbnail() -> None:
    picture = Image.new("RGB", (12, 8), GROUND)
    labels = Labels(ImageDraw.Draw(picture), picture.size, [])
    labels.write("missed", (0, 0, 11, 7), COLOURS[0])
    assert grounds(picture)[0] > 0


def test_a_small_mark_is_not_covered_by_its_word() -> None:
    picture = Image.new("RGB", (240, 160), GROUND)
    place = (100.0, 60.0, 110.0, 66.0)
    Labels(ImageDraw.Draw(picture), picture.size, [place]).write("TP 0.9", place, COLOURS[0])
    inside = picture.crop((100, 60, 111, 67))
    assert set(inside.getdata()) == {GROUND}
