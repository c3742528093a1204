from pathlib import Path

import pytest

from ensemble.sources.spec import SourceSpec, parse_sources
from ensemble.sources.valid_area import ValidArea


def test_sources_come_by_name_with_their_options() -> None:
    words = ["b=x/b.json,weight=2,scale=800,valid_area=:512,categories=coco,groups=c,r", "a=a.json"]
    assert parse_sources(words) == [
        SourceSpec("a", Path("a.json").absolute()),
        SourceSpec(
            "b", Path("x/b.json").absolute(), 2.0, 800, ValidArea(0, 512), "coco", ("r", "c")
        ),
    ]


def test_path_may_hold_an_equals_sign() -> None:
    assert parse_sources(["a=runs/lr=0.1/p"]) == [SourceSpec("a", Path("runs/lr=0.1/p").absolute())]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "at least one"),
        (["a.json"], "expected NAME=PATH"),
        (["a="], "expected NAME=PATH"),
        (["=a.json"], "expected NAME=PATH"),
        (["../a=a.json"], "expected NAME=PATH"),
        (["a=a.json,flip=2"], "unknown option 'flip=2', there are weight, scale"),
        (["a=a.json,b.json"], "no path holds a comma"),
        (["a=a.json,weight"], "unknown option 'weight'"),
        (["a=a.json,weight=1,weight=2"], "weight is given twice"),
        (["a=a.json,weight=0"], "not a positive number"),
        (["a=a.json,weight=-1"], "not a positive number"),
        (["a=a.json,weight=nan"], "not a positive number"),
        (["a=a.json,weight=inf"], "not a positive number"),
        (["a=a.json,weight=much"], "not a positive number"),
        (["a=a.json,scale=0"], "short side"),
        (["a=a.json,scale=8.5"], "short side"),
        (["a=a.json,scale=70000"], "short side"),
        (["a=a.json,valid_area=5"], "expected low:high"),
        (["a=a.json,valid_area=9:3"], "0 <= low < high"),
        (["a=a.json,groups=x"], "expected some of r, c, f"),
        (["a=a.json,groups=r,r"], "expected some of r, c, f"),
        (["a=a.json,groups=r,0010-0099"], "or some of the bins by training instances"),
        (["a=a.json,groups=10-99"], "or some of the bins by training instances"),
        (["a=a.json,categories="], "categories is empty"),
        (["a=a.json", "a=b.json"], "a named twice"),
        (["merged=a.json"], "the name of the result"),
    ],
)
def test_words_that_do_not_fit_are_refused(texts: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_sources(texts)


@pytest.mark.parametrize(
    "word",
    [
        "a=/x/a.json",
        "a=/x/a.json,weight=0.1",
        "a=/x/a.json,weight=0.30000000000000004,scale=1200,valid_area=32.5:",
        "a=/x/part-*.json,categories=coco,groups=r,c",
        "a=/x/a.json,groups=0001-0009,0010-0099",
        "a=/x/a.json,valid_area=0:96,categories=/y/categories.json",
    ],
)
def test_a_source_can_be_written_down_and_read_again(word: str) -> None:
    (spec,) = parse_sources([word])
    assert spec.word() == word


def test_word_has_absolute_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (spec,) = parse_sources(["a=a.json,categories=c.json"])
    assert spec.word() == f"a={tmp_path}/a.json,categories={tmp_path}/c.json"


def test_a_word_replaces_what_it_gives_of_the_file_s() -> None:
    base = ["a=val/a,weight=2,scale=800", "b=val/b,weight=3"]
    assert parse_sources(["a=test/a,scale=1000", "c=test/c"], base) == [
        SourceSpec("a", Path("test/a").absolute(), 2.0, 1000),
        SourceSpec("b", Path("val/b").absolute(), 3.0),
        SourceSpec("c", Path("test/c").absolute()),
    ]


def test_a_forgotten_name_is_suggested(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("old results.json").touch()
    with pytest.raises(
        ValueError, match=r"has no name; give --pred old=old results\.json,weight=2"
    ):
        parse_sources(["old results.json,weight=2"])
