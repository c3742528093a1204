"""Points that stand for the same merge are known, and tried once."""

from typing import Any

import pytest
from support.calibration_scene import MODELS
from support.commands.default_options import default_options

from ensemble.sources.spec import parse_sources
from ensemble.tuning.journal import Trial
from ensemble.tuning.objective.meaning import key_of, meaning_of, num_merges, once
from ensemble.tuning.objective.space import Space
from ensemble.tuning.sampler import build_sampler

EVERY = ("nms", "soft-nms", "wbf", "nms+soft-nms")


def space_of(
    *searched: str, sources: int = 2, methods: tuple[str, ...] = EVERY, **options: Any
) -> Space:
    specs = parse_sources([f"{name}={name}.json" for name in list(MODELS)[:sources]])
    every = {**default_options(), **options}
    return Space(every, specs, frozenset(searched), methods, ("none", "platt"))


THRESHOLDS = {"iou_thr": 0.4, "first_iou_thr": 0.6, "sigma": 0.3}


@pytest.mark.parametrize(
    ("method", "decay", "read"),
    [
        ("nms", "gaussian", {"iou_thr"}),
        ("wbf", "gaussian", {"iou_thr"}),
        ("soft-nms", "gaussian", {"sigma"}),
        ("soft-nms", "linear", {"iou_thr"}),
        ("nms+soft-nms", "gaussian", {"first_iou_thr", "sigma"}),
        ("nms+soft-nms", "linear", {"first_iou_thr", "iou_thr"}),
    ],
)
def test_a_merge_reads_the_thresholds_of_its_method(
    method: str, decay: str, read: set[str]
) -> None:
    space = space_of("method", "iou", "sigma", soft_nms=decay)
    point = {"method": method, **THRESHOLDS}
    assert set(meaning_of(space, point)) == {"method", *read}


def test_wbf_of_one_source_is_nms() -> None:
    space = space_of("method", "iou", sources=1)
    points = [{"method": method, "iou_thr": 0.4} for method in ("wbf", "nms")]
    assert once(space, points) == points[:1]


def test_nobody_votes_in_soft_nms() -> None:
    space = space_of("method", "mask")
    points = [{"method": "soft-nms", "mask": mask} for mask in ("best", "vote")]
    assert once(space, points) == points[:1]
    others = [{"method": "nms", "mask": mask} for mask in ("best", "vote")]
    assert once(space, others) == others


def test_merges_of_choices_alone_are_counted() -> None:
    assert num_merges(space_of("method")) == 4
    assert num_merges(space_of("method", "calibration")) == 8
    # Soft-NMS has no votes: 3 methods with both masks, and it with one.
    assert num_merges(space_of("method", "mask")) == 7
    assert num_merges(space_of("method", sources=1)) == 3
    assert num_merges(space_of("method", "iou")) is None
    assert num_merges(space_of("iou", method="soft-nms")) == 1
    assert num_merges(space_of("method", "iou", methods=("soft-nms",))) == 1
    assert num_merges(space_of("method", "weights")) is None


def test_every_merge_is_tried_once_and_then_none_is_left() -> None:
    space = space_of("method", "mask", "calibration")
    sampler = build_sampler(space, ["AP"], 0, [])
    number = num_merges(space)
    assert number == 14
    found = [sampler.suggest(str(trial)) for trial in range(number)]
    assert len({key_of(space, point) for point in found}) == number
    assert found[0] == space.start()
    assert sampler.suggest("last") == "FINISHED"


def test_trials_of_an_earlier_run_are_not_tried_again() -> None:
    space = space_of("method", "iou", "sigma", methods=("soft-nms", "nms"))
    start = meaning_of(space, {"method": "soft-nms", **THRESHOLDS})
    earlier = Trial(0, 0.0, 1.0, start, {"AP": 0.3, "APr": 0.1})
    sampler = build_sampler(space, ["AP", "APr"], 0, [earlier])
    (told,) = sampler.study.trials
    assert (told.params, told.values) == ({"method": "soft-nms", "sigma": 0.3}, [0.3, 0.1])
    found = [sampler.suggest(str(trial)) for trial in range(8)]
    keys = [key_of(space, point) for point in found]
    assert len({*keys, key_of(space, start)}) == 9
