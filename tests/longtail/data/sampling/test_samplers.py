from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from longtail.config.stages import ClassAware, ClassThenImage, RepeatFactor, Sampler, UniformSampler
from longtail.data.lvis.ragged import Ragged, ragged_from_rows
from longtail.data.sampling.build import build_stream, effective_counts
from longtail.data.sampling.repeats import RepeatedImages

EVERY_SAMPLER = pytest.mark.parametrize(
    "sampler",
    [
        UniformSampler(),
        RepeatFactor(threshold=1.0),
        RepeatFactor(threshold=1.0, rounding="ceiling"),
        ClassAware(images_per_category=3),
        ClassThenImage(images_per_epoch=20),
    ],
    ids=lambda sampler: "_".join(str(value) for value in dict(sampler).values()),
)


@dataclass
class Labels:
    """Images given as lists of their categories."""

    images: list[list[int]]

    @property
    def num_images(self) -> int:
        return len(self.images)

    def labels_per_image(self) -> Ragged:
        return ragged_from_rows(self.images)


def repeated(
    annotations: Labels, sampler: Sampler, use_empty_images: bool = False
) -> RepeatedImages:
    stream = build_stream(annotations, sampler, use_empty_images, seed=0)
    assert isinstance(stream, RepeatedImages)
    return stream


def test_factors_count_the_images_in_use() -> None:
    images = Labels([[0], [], [1], [1], [1]])
    with_empty = repeated(images, RepeatFactor(threshold=0.8), use_empty_images=True)
    without = repeated(images, RepeatFactor(threshold=0.8))
    assert with_empty.images.tolist() == [0, 1, 2, 3, 4]
    assert with_empty.copies == pytest.approx([2, 1, (4 / 3) ** 0.5] + 2 * [(4 / 3) ** 0.5])
    assert without.images.tolist() == [0, 2, 3, 4]
    assert without.copies == pytest.approx([3.2**0.5, *[(0.8 / 0.75) ** 0.5] * 3])


def test_rounding_up_gives_the_larger_epoch() -> None:
    # 10, 5 and 1 of 10 images: r at t = 1 is 1, 1.414 and 3.162.
    images = Labels([[0, 1, 2]] + [[0, 1]] * 4 + [[0]] * 5)
    stochastic = repeated(images, RepeatFactor(threshold=1.0))
    up = repeated(images, RepeatFactor(threshold=1.0, rounding="ceiling"))
    assert stochastic.copies[[9, 1, 0]].round(3).tolist() == [1, 1.414, 3.162]
    assert up.copies[[9, 1, 0]].tolist() == [1, 2, 4]
    assert up.copies[[9, 1, 0]].sum() == 7


def test_uniform_epoch_shows_every_image_once_in_a_new_order() -> None:
    stream = build_stream(Labels([[0]] * 20 + [[]]), UniformSampler(), False, seed=3)
    first, second = (stream.epoch_order(epoch).images.tolist() for epoch in range(2))
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second
    assert first == stream.epoch_order(0).images.tolist()
    other_seed = build_stream(Labels([[0]] * 20), UniformSampler(), False, seed=4)
    assert other_seed.epoch_order(0).images.tolist() != first


def test_default_class_samplers_are_those_of_their_reports() -> None:
    images = Labels([[category] for category in range(1203)])
    of_alibaba = build_stream(images, ClassAware(), False, seed=0).epoch_order(0)
    of_simcal = build_stream(images, ClassThenImage(), False, seed=0).epoch_order(0)
    assert (len(of_alibaba.images), len(of_simcal.images)) == (6015, 16_000)


@pytest.mark.parametrize("sampler", [ClassAware(), ClassThenImage()])
def test_class_samplers_never_show_an_image_without_instances(sampler: Sampler) -> None:
    stream = build_stream(Labels([[], [0], [], [1]]), sampler, True, seed=0)
    assert set(stream.epoch_order(0).images.tolist()) == {1, 3}


def test_no_image_left_is_an_error() -> None:
    with pytest.raises(ValueError, match="none of the 2 images has an instance"):
        build_stream(Labels([[], []]), UniformSampler(), False, seed=0)
    assert repeated(Labels([[], []]), UniformSampler(), use_empty_images=True).images.tolist() == [
        0,
        1,
    ]


@pytest.mark.parametrize("sampler", [ClassAware(), ClassThenImage()])
def test_no_category_to_draw_is_an_error_that_names_the_sampler(sampler: Sampler) -> None:
    with pytest.raises(ValueError, match=rf"none of the 2 images .* sampler {sampler.name} draws"):
        build_stream(Labels([[], []]), sampler, True, seed=0)


def test_effective_counts_are_expected_images_per_category() -> None:
    images = Labels([[0, 1], [0], [], [0], [0]])

    def counts(sampler: Sampler) -> list[float]:
        stream = build_stream(images, sampler, False, seed=0)
        return list(effective_counts(images, stream.expected_copies(images.num_images), 3))

    assert counts(UniformSampler()) == [4, 1, 0]
    # f = 1 and 1/4, so the first image is shown twice: category 0 in 2 + 3, category 1 in 2.
    assert counts(RepeatFactor(threshold=1.0)) == [5, 2, 0]
    # Category 0 draws its four images once, category 1 the first one four times more: 5 + 3.
    assert counts(ClassAware(images_per_category=4)) == [8, 5, 0]
    # Half of 10 draws are for category 1; of the other half a quarter shows it too.
    assert counts(ClassThenImage(images_per_epoch=10)) == [10, 6.25, 0]


@EVERY_SAMPLER
def test_effective_counts_are_the_mean_of_what_many_epochs_show(sampler: Sampler) -> None:
    images = Labels([[0, 1], [0], [0], [0, 2], [0], [], [0, 1], [0], [4]])
    stream = build_stream(images, sampler, False, seed=0)
    shown = [_shown(images, stream.epoch_order(epoch).images) for epoch in range(2000)]
    mean, error = np.mean(shown, axis=0), np.std(shown, axis=0) / len(shown) ** 0.5
    expected = effective_counts(images, stream.expected_copies(images.num_images), 5)
    assert (abs(mean - expected) <= 4 * error + 1e-9).all()
    assert expected[3] == 0 and expected[[0, 1, 2, 4]].all()


def _shown(images: Labels, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """(5,) items of an epoch that show each category, counted one by one."""
    return np.bincount([label for i in order for label in images.images[i]], minlength=5)
