"""Ranges as the command line writes them."""

import json

import pytest

from longtail.config.classifiers import Equalization
from longtail.config.search_space import Choice, Dimension, Integer, LogUniform, Uniform, spelt
from longtail.config.search_words import parse_search
from longtail.config.stages import Stage
from longtail.config.variant import Variant

BASE = Variant(stages=(Stage(classifier=Equalization()),))
TAIL = "stages.0.classifier.tail_frequency"


@pytest.mark.parametrize(
    ("text", "dimension"),
    [
        ("loguniform(1e-4,1e-2)", LogUniform(1e-4, 1e-2)),
        ("loguniform( 1e-4 , 1e-2 )", LogUniform(1e-4, 1e-2)),
        ("uniform(0.1,0.9)", Uniform(0.1, 0.9)),
        ("int(1,5)", Integer(1, 5)),
        ("int(1.0,5)", Integer(1, 5)),
        ("[0.1,0.2]", Choice((0.1, 0.2))),
        ("[null, 0.2]", Choice((None, 0.2))),
        ("choice(0.1,0.2)", Choice((0.1, 0.2))),
        ("choice(bags, seesaw)", Choice(("bags", "seesaw"))),
        ("choice()", Choice(())),
    ],
)
def test_a_range_is_read(text: str, dimension: Dimension) -> None:
    space = parse_search((f"{TAIL}={text}",), BASE)
    assert space.dimensions == {TAIL: dimension}


@pytest.mark.parametrize(
    "dimension",
    [LogUniform(1e-4, 1e-2), Uniform(0.0, 2.0), Integer(1, 5), Choice((1, "seesaw", None, True))],
)
def test_what_is_spelt_out_reads_back(dimension: Dimension) -> None:
    space = parse_search((f"{TAIL}={spelt(dimension)}",), BASE)
    assert space.dimensions == {TAIL: dimension}


def test_ends_of_a_continuous_range_are_floats() -> None:
    whole, broken = (
        parse_search((f"tail_frequency=uniform({ends})",), BASE) for ends in ("0,1", "0.0,1.0")
    )
    assert json.dumps(whole.describe()) == json.dumps(broken.describe())


def test_the_end_of_a_path_will_do_where_no_other_ends_so() -> None:
    assert list(parse_search(("tail_frequency=[0.1,0.2]",), BASE).dimensions) == [TAIL]
    assert list(parse_search(("classifier.layer=choice(linear,cosine)",), BASE).dimensions) == [
        "stages.0.classifier.layer"
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("tail_frequency",), "expected PATH=RANGE, where RANGE is loguniform"),
        (("tail_frequency=0.1",), "'0.1' is no range; give .* --set holds a value fixed"),
        (("tail_frequency=normal(0,1)",), "normal is unknown; there is loguniform"),
        (("tail_frequency=uniform(0.1)",), r"expected two numbers, as in uniform\(0.5,2\)"),
        (("tail_frequency=uniform(a,b)",), "expected two numbers"),
        (("tail_frequency=int(1,2.5)",), "1, 2.5 must be whole numbers"),
        (("tail_frequency=int(1,Infinity)",), "must be whole numbers"),
        (("tail_frequency=[a,b]",), r"is no JSON list .* words are choice\(A,B\)"),
        (("nms_iou=uniform(0.1,0.2)",), "give one whole: detector.proposals.nms_iou, inference"),
        (("tail_frequency=[1,2]", f"{TAIL}=[3,4]"), f"{TAIL} is given twice"),
    ],
)
def test_a_wrong_range_names_word_and_remedy(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_search(words, BASE)


def test_an_unknown_path_is_left_to_the_check_of_the_space() -> None:
    space = parse_search(("tail_freqency=[0.1,0.2]",), BASE)
    with pytest.raises(ValueError, match="no field 'tail_freqency'"):
        space.check(BASE)
