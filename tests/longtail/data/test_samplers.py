from collections import Counter
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pytest
from numpy.typing import NDArray

from longtail.config.stages import RepeatFactor, Uniform
from longtail.data.samplers import (
    ImageStream,
    Item,
    StepSampler,
    build_stream,
    effective_counts,
    random_numbers,
    repeat_factors,
)


@dataclass
class Labels:
    """Images given as lists of their categories."""

    images: list[list[int]]

    @property
    def num_images(self) -> int:
        return len(self.images)

    def labels_per_image(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        offsets = np.cumsum([0, *(len(labels) for labels in self.images)])
        return offsets, np.array([label for labels in self.images for label in labels], np.int64)


def stream_of(copies: list[float], seed: int = 0) -> ImageStream:
    return ImageStream(np.arange(len(copies)) * 10, np.array(copies), seed)


def taken(sampler: StepSampler, steps: int, start: tuple[int, int] = (0, 0)) -> list[list[Item]]:
    return [list(step.items) for step in islice(sampler.steps(*start), steps)]


def test_repeat_factors_of_ten_thousand_images_match_the_formula() -> None:
    counts = [1, 2, 5, 8, 10, 100]
    images = [[label] for label, count in enumerate(counts) for _ in range(count)]
    offsets, labels = Labels(images).labels_per_image()
    factors = repeat_factors(offsets, labels, 10_000, threshold=1e-3)
    first_of_each = factors[np.cumsum([0, *counts[:-1]])]
    assert first_of_each.round(4).tolist() == [3.1623, 2.2361, 1.4142, 1.118, 1, 1]


def test_an_image_takes_the_largest_factor_of_its_categories() -> None:
    images = Labels([[0, 1], [0], [], [0], [0, 2]])
    offsets, labels = images.labels_per_image()
    factors = repeat_factors(offsets, labels, 4, threshold=1.0)
    # f = 1, 1/4 and 1/4: r = 1, 2 and 2; the empty image has r = 1.
    assert factors.tolist() == [2, 1, 1, 1, 2]


def test_factors_count_the_images_in_use() -> None:
    images = Labels([[0], [], [1], [1], [1]])
    with_empty = build_stream(images, RepeatFactor(threshold=0.8), True, seed=0)
    without = build_stream(images, RepeatFactor(threshold=0.8), False, seed=0)
    assert with_empty.images.tolist() == [0, 1, 2, 3, 4]
    assert with_empty.copies == pytest.approx([2, 1, (4 / 3) ** 0.5] + 2 * [(4 / 3) ** 0.5])
    assert without.images.tolist() == [0, 2, 3, 4]
    assert without.copies == pytest.approx([3.2**0.5, *[(0.8 / 0.75) ** 0.5] * 3])


def test_stochastic_rounding_keeps_the_expected_number_of_copies() -> None:
    stream = stream_of([1, 2**0.5, 10**0.5])
    epochs = [Counter(stream.epoch_order(epoch).tolist()) for epoch in range(2000)]
    assert {(e[0], e[10] in (1, 2), e[20] in (3, 4)) for e in epochs} == {(1, True, True)}
    assert np.mean([sum(e.values()) for e in epochs]) == pytest.approx(5.58, abs=0.04)


def test_rounding_up_gives_the_larger_epoch() -> None:
    # 10, 5 and 1 of 10 images: r at t = 1 is 1, 1.414 and 3.162.
    images = Labels([[0, 1, 2]] + [[0, 1]] * 4 + [[0]] * 5)
    stochastic = build_stream(images, RepeatFactor(threshold=1.0), False, seed=0)
    up = build_stream(images, RepeatFactor(threshold=1.0, rounding="ceiling"), False, seed=0)
    assert stochastic.copies[[9, 1, 0]].round(3).tolist() == [1, 1.414, 3.162]
    assert up.copies[[9, 1, 0]].tolist() == [1, 2, 4]
    assert up.copies[[9, 1, 0]].sum() == 7


def test_uniform_epoch_shows_every_image_once_in_a_new_order() -> None:
    stream = build_stream(Labels([[0]] * 20 + [[]]), Uniform(), False, seed=3)
    first, second = stream.epoch_order(0), stream.epoch_order(1)
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(20))
    assert first.tolist() != second.tolist()
    assert first.tolist() == stream.epoch_order(0).tolist()
    other_seed = build_stream(Labels([[0]] * 20), Uniform(), False, seed=4)
    assert other_seed.epoch_order(0).tolist() != first.tolist()


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_workers_together_see_exactly_the_stream(workers: int) -> None:
    stream = stream_of([1.5, 1, 2.25, 1, 1, 1.3, 1])
    expected = list(islice(stream.items(0, 0), 4 * 30))
    shares = [taken(StepSampler(stream, 4, workers, rank), 30) for rank in range(workers)]
    steps = [[shares[i % workers][step][i // workers] for i in range(4)] for step in range(30)]
    assert [item for step in steps for item in step] == expected
    assert {len(share) for worker in shares for share in worker} == {4 // workers}


def test_a_step_may_hold_the_end_of_one_epoch_and_the_start_of_the_next() -> None:
    steps = islice(StepSampler(stream_of([1, 1, 1]), images_per_step=2).steps(0, 0), 3)
    places = [([(i.epoch, i.position) for i in s.items], (s.epoch, s.position)) for s in steps]
    assert places == [
        ([(0, 0), (0, 1)], (0, 2)),
        ([(0, 2), (1, 0)], (1, 1)),
        ([(1, 1), (1, 2)], (2, 0)),
    ]


def test_one_image_feeds_steps_of_any_size() -> None:
    (step,) = islice(StepSampler(stream_of([1.0]), images_per_step=3).steps(0, 0), 1)
    assert [(item.image, item.epoch) for item in step.items] == [(0, 0), (0, 1), (0, 2)]


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_resuming_anywhere_continues_the_uninterrupted_run(workers: int) -> None:
    sampler = StepSampler(stream_of([1.5, 1, 2.25, 1, 1, 1.3, 1]), 4, workers, workers - 1)
    whole = list(islice(sampler.steps(0, 0), 20))
    for done in range(1, 20):
        last = whole[done - 1]
        rest = list(islice(sampler.steps(last.epoch, last.position), 20 - done))
        assert rest == whole[done:]


def test_a_position_at_the_end_of_an_epoch_is_the_start_of_the_next() -> None:
    stream = stream_of([1, 1, 1])
    assert next(stream.items(0, 3)) == next(stream.items(1, 0))
    with pytest.raises(ValueError, match="position 4 lies outside epoch 0, which has 3 items"):
        next(stream.items(0, 4))


def test_steps_that_workers_cannot_share_are_refused_with_a_remedy() -> None:
    with pytest.raises(ValueError, match=r"images_per_step 6 .* 4 workers; choose a multiple of 4"):
        StepSampler(stream_of([1]), 6, num_replicas=4)


def test_no_image_left_is_an_error() -> None:
    with pytest.raises(ValueError, match="none of the 2 images has an instance"):
        build_stream(Labels([[], []]), Uniform(), False, seed=0)
    assert build_stream(Labels([[], []]), Uniform(), True, seed=0).images.tolist() == [0, 1]


def test_effective_counts_are_expected_images_per_category() -> None:
    images = Labels([[0, 1], [0], [], [0], [0]])
    stream = build_stream(images, RepeatFactor(threshold=1.0), False, seed=0)
    # f = 1 and 1/4, so the first image is shown twice: category 0 in 2 + 3, category 1 in 2.
    assert effective_counts(images, stream, num_categories=3).tolist() == [5, 2, 0]
    uniform = build_stream(images, Uniform(), False, seed=0)
    assert effective_counts(images, uniform, num_categories=3).tolist() == [4, 1, 0]


def test_every_purpose_has_random_numbers_of_its_own() -> None:
    purposes = [(0, 1), (0, 1, 0), (1, 0, 1), (1, 1, 0), (1, 0)]
    draws = {tuple(random_numbers(7, *p).integers(1 << 30, size=2).tolist()) for p in purposes}
    assert len(draws) == len(purposes)
