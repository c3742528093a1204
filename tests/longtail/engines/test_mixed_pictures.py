"""Samples of several pictures as the RoI heads and an engine see them."""

from collections.abc import Callable

import pytest
import torch
from support.scenes import drawn, make_scene, rectangle

from longtail.config.classifiers import Classifier, Equalization, Softmax
from longtail.data.loading.images import to_tensor
from longtail.data.loading.sample import Image, Sample
from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.base import Transform
from longtail.data.loading.transforms.mixing.copy_paste import CopyPaste
from longtail.data.loading.transforms.mixing.mosaic import Mosaic
from longtail.data.loading.transforms.mixing.tiles import assembled, quadrants
from longtail.engines.base import Engine
from longtail.engines.targets import roi_targets
from longtail.models.roi_heads.sampling import RoISampler

K = 6
ALL = RoISampler(K, rois_per_image=64, positive_fraction=0.5, positive_iou=0.5)
SIZE = (40, 40)
CPU = torch.device("cpu")


def _scene(label: int, x: int = 4) -> Scene:
    """One instance in the upper left; its category is present, the next one absent."""
    square = rectangle(x, 4, x + 16, 20)
    return make_scene(SIZE, [square], labels=[label], present=[label], absent=[label + 1])


def _sample(scene: Scene) -> Sample:
    """As `load_sample` makes it."""
    instances = scene.instances
    return Sample(
        image=Image(to_tensor(scene.picture), 0, scene.size),
        boxes=torch.from_numpy(instances.boxes).float(),
        labels=torch.from_numpy(instances.labels),
        masks=instances.masks,
        source=torch.from_numpy(instances.source),
        verified=scene.sources,
        ignore_boxes=torch.zeros(0, 4),
        ignore_weights=torch.zeros(0),
        regions=torch.from_numpy(scene.regions).float() if len(scene.sources) > 1 else None,
    )


def _verified(sample: Sample, boxes: list[list[float]]) -> list[tuple[int, set[int]]]:
    """Label and verified categories of the RoI at each of these boxes."""
    proposals = torch.tensor(boxes)
    found = ALL.all_of(proposals, roi_targets(sample, K, CPU))
    rows = dict(
        zip(
            map(tuple, found.boxes.tolist()),
            zip(found.labels, found.verified, strict=True),
            strict=True,
        )
    )
    chosen = [rows[tuple(box)] for box in proposals.tolist()]
    return [(int(label), set(row.nonzero().flatten().tolist())) for label, row in chosen]


def test_each_quadrant_of_a_mosaic_has_the_verified_categories_of_its_picture() -> None:
    pictures = [_scene(label) for label in range(4)]
    sample = _sample(assembled((80, 80), quadrants(pictures, (40, 40), (80, 80))))
    corners = [(0, 0), (40, 0), (0, 40), (40, 40)]
    foreground = [[x + 4.0, y + 4.0, x + 20.0, y + 20.0] for x, y in corners]
    background = [[x + 22.0, y + 22.0, x + 38.0, y + 38.0] for x, y in corners]
    # One pixel beyond the centre still belongs to the picture that shows most of it.
    across = [[10.0, 30, 41, 39], [39.0, 30, 70, 39], [10.0, 39, 30, 60], [39.0, 62, 60, 78]]
    for label, found in enumerate(_verified(sample, foreground)):
        assert found == (label, {label, label + 1})
    for boxes in (background, across):
        for label, found in enumerate(_verified(sample, boxes)):
            assert found == (K, {label, label + 1})


def test_what_is_pasted_has_the_verified_categories_of_where_it_came_from() -> None:
    mixed = drawn(_scene(0), CopyPaste(1.0, 1.0, None), partner=_scene(3, x=22))
    found = _verified(
        _sample(mixed),
        [[4.0, 4, 20, 20], [22.0, 4, 38, 20], [2.0, 22, 20, 38], [22.0, 14, 38, 38]],
    )
    assert found == [(0, {0, 1}), (3, {3, 4}), (K, {0, 1}), (K, {0, 1})]


def test_a_background_over_a_mosaic_with_pasted_instances_is_of_its_quadrant() -> None:
    pictures = [_scene(label) for label in range(4)]
    mosaic = assembled((80, 80), quadrants(pictures, (40, 40), (80, 80)))
    mixed = drawn(mosaic, CopyPaste(1.0, 1.0, None), partner=_scene(4, x=22))
    found = _verified(_sample(mixed), [[22.0, 4, 38, 20], [62.0, 62, 78, 78], [22.0, 22, 38, 38]])
    assert found == [(4, {4, 5}), (K, {3, 4}), (K, {0, 1})]


@pytest.mark.parametrize("classifier", [Equalization(), Softmax()], ids=lambda item: item.name)
def test_a_step_on_mixed_pictures_is_finite(
    make_engine: Callable[..., Engine], classifier: Classifier
) -> None:
    chain: tuple[Transform, ...] = (Mosaic(1.0, (0.3, 0.7), None), CopyPaste(1.0, 1.0, None))
    scenes = [drawn(_scene(0), *chain, seed=seed, partner=_scene(2)) for seed in range(2)]
    samples = [_sample(scene) for scene in scenes]
    assert all(len(sample.verified) == 8 for sample in samples)
    engine = make_engine(classifier=classifier)
    torch.manual_seed(0)
    losses = engine.losses(samples)
    total = torch.stack(list(losses.values())).sum()
    total.backward()
    assert torch.isfinite(total)
    gradients = [weight.grad for weight in engine.parameters() if weight.grad is not None]
    assert gradients and all(torch.isfinite(gradient).all() for gradient in gradients)
