from itertools import islice

import numpy as np
import pytest

from longtail.data.lvis.ragged import ragged_from_rows
from longtail.data.sampling.by_category import (
    ClassAwareImages,
    ClassThenImageDraws,
    category_images,
)
from longtail.data.sampling.repeats import RepeatedImages
from longtail.data.sampling.steps import ImageStream, Item, StepSampler, items

BY_CATEGORY = category_images(*ragged_from_rows([[0], [0, 1], [1], [1], [1, 2], []]))


def repeated(copies: list[float]) -> ImageStream:
    return RepeatedImages(np.arange(len(copies)) * 10, np.array(copies), seed=0)


EVERY_KIND = pytest.mark.parametrize(
    "stream",
    [
        repeated([1.5, 1, 2.25, 1, 1, 1.3, 1]),
        ClassAwareImages(BY_CATEGORY, images_per_category=3, seed=0),
        ClassThenImageDraws(BY_CATEGORY, images_per_epoch=10, seed=0),
    ],
    ids=lambda stream: type(stream).__name__,
)


def taken(sampler: StepSampler, steps: int) -> list[list[Item]]:
    return [list(step.items) for step in islice(sampler.steps(0, 0), steps)]


@EVERY_KIND
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_workers_together_see_exactly_the_stream(stream: ImageStream, workers: int) -> None:
    expected = list(islice(items(stream, 0, 0), 4 * 30))
    shares = [taken(StepSampler(stream, 4, workers, rank), 30) for rank in range(workers)]
    steps = [[shares[i % workers][step][i // workers] for i in range(4)] for step in range(30)]
    assert [item for step in steps for item in step] == expected
    assert {len(share) for worker in shares for share in worker} == {4 // workers}


@EVERY_KIND
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_resuming_anywhere_continues_the_uninterrupted_run(
    stream: ImageStream, workers: int
) -> None:
    sampler = StepSampler(stream, 4, workers, workers - 1)
    whole = list(islice(sampler.steps(0, 0), 20))
    for done in range(1, 20):
        last = whole[done - 1]
        rest = list(islice(sampler.steps(last.epoch, last.position), 20 - done))
        assert rest == whole[done:]


@EVERY_KIND
def test_items_are_the_epochs_one_after_the_other(stream: ImageStream) -> None:
    expected = []
    for epoch in range(3):
        order = stream.epoch_order(epoch)
        categories = [None] * len(order.images) if order.categories is None else order.categories
        places = enumerate(zip(order.images, categories, strict=True))
        expected += [Item(image, epoch, place, drawn) for place, (image, drawn) in places]
    assert list(islice(items(stream, 0, 0), len(expected))) == expected


def test_a_step_may_hold_the_end_of_one_epoch_and_the_start_of_the_next() -> None:
    steps = islice(StepSampler(repeated([1, 1, 1]), images_per_step=2).steps(0, 0), 3)
    places = [([(i.epoch, i.position) for i in s.items], (s.epoch, s.position)) for s in steps]
    assert places == [
        ([(0, 0), (0, 1)], (0, 2)),
        ([(0, 2), (1, 0)], (1, 1)),
        ([(1, 1), (1, 2)], (2, 0)),
    ]


def test_one_image_feeds_steps_of_any_size() -> None:
    (step,) = islice(StepSampler(repeated([1]), images_per_step=3).steps(0, 0), 1)
    assert [(item.image, item.epoch) for item in step.items] == [(0, 0), (0, 1), (0, 2)]


def test_a_position_at_the_end_of_an_epoch_is_the_start_of_the_next() -> None:
    stream = repeated([1, 1, 1])
    assert next(items(stream, 0, 3)) == next(items(stream, 1, 0))
    with pytest.raises(ValueError, match="position 4 lies outside epoch 0, which has 3 items"):
        next(items(stream, 0, 4))


def test_steps_that_workers_cannot_share_are_refused_with_a_remedy() -> None:
    with pytest.raises(ValueError, match=r"images_per_step 6 .* 4 workers; choose a multiple of 4"):
        StepSampler(repeated([1]), 6, num_replicas=4)
