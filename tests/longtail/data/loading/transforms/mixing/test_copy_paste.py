from dataclasses import replace

import numpy as np
from support.scenes import decoded, drawn, ignored_at, make_scene, pixels_of, rectangle

from longtail.data.loading.scenes.masks import BitmapMask, PolygonMask
from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.mixing.copy_paste import CopyPaste
from longtail.data.semantic.classes import UNLABELLED

SIZE = (20, 30)
ALL = CopyPaste(1.0, 1.0, None)


def _behind() -> Scene:
    masks = [rectangle(0, 0, 10, 10), rectangle(20, 10, 28, 18)]
    return make_scene(
        SIZE,
        masks,
        labels=[0, 1],
        pixels=np.zeros((*SIZE, 3), np.uint8),
        semantic=np.full(SIZE, 7, np.uint8),
        present=[0, 1],
    )


def _partner(*masks: PolygonMask, size: tuple[int, int] = SIZE) -> Scene:
    pixels = np.full((*size, 3), 200, np.uint8)
    return make_scene(size, masks, labels=[5] * len(masks), pixels=pixels, present=[5], absent=[6])


def test_pasted_pixels_masks_and_boxes_are_where_they_were() -> None:
    mixed = drawn(_behind(), ALL, partner=_partner(rectangle(4, 0, 12, 8)))
    expected = np.zeros(SIZE, np.uint8)
    expected[0:8, 4:12] = 200
    assert np.array_equal(pixels_of(mixed)[..., 0], expected)
    assert mixed.instances.labels.tolist() == [0, 1, 5]
    assert mixed.instances.boxes[2].tolist() == [4, 0, 12, 8]
    assert isinstance(mixed.instances.masks.items[2], PolygonMask)


def test_a_covered_instance_loses_what_is_hidden_and_others_stay_polygons() -> None:
    mixed = drawn(_behind(), ALL, partner=_partner(rectangle(4, 0, 12, 10)))
    first, second, _ = mixed.instances.masks.items
    expected = np.zeros(SIZE, bool)
    expected[0:10, 0:4] = True
    assert isinstance(first, BitmapMask) and np.array_equal(decoded(first, SIZE), expected)
    assert isinstance(second, PolygonMask)
    assert mixed.instances.boxes.tolist() == [[0, 0, 4, 10], [20, 10, 28, 18], [4, 0, 12, 10]]


def test_an_instance_of_which_less_than_a_tenth_is_seen_vanishes_but_stays_verified() -> None:
    mixed = drawn(_behind(), ALL, partner=_partner(rectangle(1, 0, 12, 10), rectangle(0, 0, 1, 1)))
    assert mixed.instances.labels.tolist() == [1, 5, 5]
    kept = drawn(_behind(), ALL, partner=_partner(rectangle(1, 0, 12, 10)))
    assert kept.instances.labels.tolist() == [0, 1, 5]
    assert mixed.sources[0].present.tolist() == [0, 1]


def test_the_partner_is_a_source_without_a_region() -> None:
    mixed = drawn(_behind(), ALL, partner=_partner(rectangle(4, 0, 12, 8)))
    assert [source.present.tolist() for source in mixed.sources] == [[0, 1], [5]]
    assert mixed.sources[1].absent.tolist() == [6]
    assert mixed.instances.source.tolist() == [0, 0, 1]
    assert mixed.regions.tolist() == [[0, 0, 30, 20], [0, 0, 0, 0]]


def test_classes_of_pixels_under_what_was_pasted_are_unknown() -> None:
    mixed = drawn(_behind(), ALL, partner=_partner(rectangle(4, 0, 12, 8)))
    expected = np.full(SIZE, 7)
    expected[0:8, 4:12] = UNLABELLED
    assert mixed.semantic is not None and np.array_equal(mixed.semantic, expected)


def test_pasted_instances_are_cut_to_the_frame_of_this_picture() -> None:
    partner = _partner(
        rectangle(20, 5, 40, 15), rectangle(28, 0, 60, 20), rectangle(35, 25, 50, 30), size=(40, 60)
    )
    mixed = drawn(_behind(), ALL, partner=partner)
    assert mixed.size == SIZE and mixed.picture.size == SIZE[::-1]
    # The second shows 2 of 32 columns, the third nothing.
    assert mixed.instances.boxes[-1].tolist() == [20, 5, 30, 15]
    assert (mixed.instances.source == 1).sum() == 1
    assert pixels_of(mixed)[10, 29].tolist() == [200] * 3


def test_a_smaller_partner_is_pasted_at_its_own_place() -> None:
    mixed = drawn(_behind(), ALL, partner=_partner(rectangle(2, 12, 8, 15), size=(15, 10)))
    assert mixed.size == SIZE and mixed.instances.boxes[-1].tolist() == [2, 12, 8, 15]


def test_instances_without_a_mask_are_not_pasted() -> None:
    partner = make_scene(SIZE, [None], boxes=[[2, 2, 9, 9]])
    scene = _behind()
    mixed = drawn(scene, ALL, partner=partner)
    assert mixed.picture.tobytes() == scene.picture.tobytes()
    assert len(mixed.instances) == 2 and len(mixed.sources) == 1


def test_ignore_boxes_stay_and_those_of_the_partner_do_not_come() -> None:
    scene = replace(_behind(), ignored=ignored_at([[1, 1, 9, 9]], [0.5]))
    partner = _partner(rectangle(4, 0, 12, 8))
    other = replace(partner, ignored=ignored_at([[4, 4, 12, 12]], [0.5]))
    mixed = drawn(scene, ALL, partner=other)
    assert mixed.ignored.boxes.tolist() == [[1, 1, 9, 9]]
    assert mixed.ignored.weights.tolist() == [0.5]


def test_each_instance_is_pasted_with_its_probability() -> None:
    squares = [rectangle(2 * i, 2 * i, 2 * i + 2, 2 * i + 2) for i in range(10)]
    empty = make_scene(SIZE)
    pasted = [
        len(
            drawn(empty, CopyPaste(1.0, 0.3, None), seed=seed, partner=_partner(*squares)).instances
        )
        for seed in range(300)
    ]
    assert abs(np.mean(pasted) - 3) < 5 * (10 * 0.3 * 0.7 / 300) ** 0.5


def test_no_partner_is_drawn_for_a_picture_that_is_not_mixed() -> None:
    for seed in range(20):
        assert len(drawn(_behind(), CopyPaste(0.0, 1.0, None), seed=seed).sources) == 1


def test_the_size_stays() -> None:
    assert ALL.largest((20, 30)) == (20, 30)
