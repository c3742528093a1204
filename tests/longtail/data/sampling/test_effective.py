import numpy as np
import pytest

from longtail.config.mixing import BalancedMosaic
from longtail.config.stages import ClassAware, RepeatFactor, UniformSampler
from longtail.data.lvis.annotations import Annotations, open_annotations
from longtail.data.sampling.build import images_per_epoch
from longtail.data.synthetic.dataset import Parameters, write_dataset


@pytest.fixture(scope="module")
def annotations(tmp_path_factory: pytest.TempPathFactory) -> Annotations:
    folder = tmp_path_factory.mktemp("effective")
    write_dataset(folder, Parameters(60, 4, 0, categories=6, size=64, seed=0))
    return open_annotations(folder / "train.json", cache_dir=folder / "cache")


def _shown(annotations: Annotations, letter: str) -> float:
    categories = annotations.categories
    shown = np.array([len(annotations.images_of(label)) for label in range(len(categories))])
    return round(float(shown[categories.group(letter)].mean()), 3)


def test_uniform_sampling_shows_every_image_once(annotations: Annotations) -> None:
    groups = images_per_epoch(annotations, UniformSampler(), use_empty=False, seed=0)
    assert groups == {letter: _shown(annotations, letter) for letter in groups}
    assert len(groups) > 1


def test_repeating_shows_rare_categories_more_often(annotations: Annotations) -> None:
    once = images_per_epoch(annotations, UniformSampler(), use_empty=False, seed=0)
    repeated = images_per_epoch(annotations, RepeatFactor(threshold=1.0), use_empty=False, seed=0)
    assert repeated["r"] > once["r"]


def test_class_aware_sampling_is_fairer_than_uniform(annotations: Annotations) -> None:
    fair = ClassAware(images_per_category=3)
    uniform, balanced = (
        images_per_epoch(annotations, sampler, use_empty=False, seed=0)
        for sampler in (UniformSampler(), fair)
    )
    assert balanced["f"] / balanced["r"] < uniform["f"] / uniform["r"] / 2


def test_the_seed_does_not_change_an_expectation(annotations: Annotations) -> None:
    sampler = RepeatFactor(threshold=0.5)
    first, second = (images_per_epoch(annotations, sampler, False, seed) for seed in (0, 1))
    assert first == second


def test_a_mosaic_by_repeat_factors_shows_rare_categories_more_often(
    annotations: Annotations,
) -> None:
    mosaic = BalancedMosaic(repeat_threshold=1.0)
    once = images_per_epoch(annotations, UniformSampler(), False, 0)
    mixed = images_per_epoch(annotations, UniformSampler(), False, 0, (mosaic,))
    uniform = mosaic.replace(partners="uniform")
    alike = images_per_epoch(annotations, UniformSampler(), False, 0, (uniform,))
    assert alike == {letter: pytest.approx(4 * shown, abs=2e-3) for letter, shown in once.items()}
    assert mixed["r"] > 4 * once["r"]
