from dataclasses import replace

import numpy as np
from support.scenes import decoded, ignored_at, make_scene, pixels_of, rectangle

from longtail.data.loading.scenes.masks import BitmapMask, PolygonMask
from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.mixing.tiles import Tile, assembled, quadrants
from longtail.data.semantic.classes import UNLABELLED

SIZE = (20, 30)


def _scene(label: int, shade: int) -> Scene:
    """A picture of one shade with a rectangle, and a bitmap at its right border."""
    pixels = np.full((*SIZE, 3), shade, np.uint8)
    bitmap = BitmapMask(np.ones((4, 6), np.uint8), 24, 10)
    return make_scene(
        SIZE,
        masks=[rectangle(2, 3, 12, 9), bitmap],
        labels=[label, label + 1],
        pixels=pixels,
        semantic=np.full(SIZE, label, np.uint8),
        present=[label, label + 1],
        absent=[label + 2],
    )


def test_one_tile_that_covers_the_canvas_is_its_scene() -> None:
    scene = make_scene(SIZE, [rectangle(2.25, 3, 12, 9.5)], semantic=np.ones(SIZE, np.uint8))
    whole = assembled(SIZE, [Tile(scene, (0, 0, 30, 20), (0, 0))])
    assert whole.picture.tobytes() == scene.picture.tobytes()
    for name in ("boxes", "labels", "source"):
        found, expected = getattr(whole.instances, name), getattr(scene.instances, name)
        assert found.tobytes() == expected.tobytes()
    (mask,), (before,) = whole.instances.masks.items, scene.instances.masks.items
    assert isinstance(mask, PolygonMask) and isinstance(before, PolygonMask)
    assert [ring.tolist() for ring in mask.rings] == [ring.tolist() for ring in before.rings]
    assert whole.sources == scene.sources and whole.regions.tolist() == scene.regions.tolist()
    assert np.array_equal(whole.semantic, scene.semantic)  # type: ignore[arg-type]
    assert whole.has_masks and whole.pending.matrix.tolist() == scene.pending.matrix.tolist()


def test_each_pixel_of_four_quadrants_is_that_of_its_picture() -> None:
    scenes = [_scene(label, 50 * label) for label in range(4)]
    canvas, (x, y) = (40, 60), (25, 22)
    found = assembled(canvas, quadrants(scenes, (x, y), canvas))
    for row in range(canvas[0]):
        for column in range(canvas[1]):
            right, below = column >= x, row >= y
            inside = -20 <= row - y < 20 and -30 <= column - x < 30
            shade = 50 * (right + 2 * below) if inside else 114
            assert pixels_of(found)[row, column].tolist() == [shade] * 3
            label = right + 2 * below if inside else UNLABELLED
            assert found.semantic is not None and found.semantic[row, column] == label


def test_instances_keep_labels_and_sources_and_are_cut_to_their_quadrant() -> None:
    scenes = [_scene(10 * number, 0) for number in range(4)]
    found = assembled((40, 60), quadrants(scenes, (25, 22), (40, 60))).instances
    assert found.labels.tolist() == [0, 1, 10, 11, 20, 21, 30, 31]
    assert found.source.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    # The first picture's left five columns leave the canvas; the rectangles below lose nothing.
    assert found.boxes[:3].tolist() == [[0, 5, 7, 11], [19, 12, 25, 16], [27, 5, 37, 11]]
    assert found.boxes[4:].tolist()[0] == [0, 25, 7, 31]
    assert found.boxes[6].tolist() == [27, 25, 37, 31]


def test_masks_are_shifted_as_they_are_and_agree_with_their_boxes() -> None:
    scenes = [_scene(0, 0) for _ in range(4)]
    found = assembled((40, 60), quadrants(scenes, (25, 22), (40, 60))).instances
    kinds = [type(mask) for mask in found.masks.items]
    assert kinds == [PolygonMask, BitmapMask] * 4
    for box, mask in zip(found.boxes.astype(int), found.masks.items, strict=True):
        expected = np.zeros((40, 60), bool)
        expected[box[1] : box[3], box[0] : box[2]] = True
        assert np.array_equal(decoded(mask, (40, 60)), expected)


def test_verified_categories_regions_and_ignore_boxes_are_joined() -> None:
    first = make_scene(SIZE, present=[1], absent=[2])
    second = replace(
        make_scene(SIZE, present=[3]),
        ignored=ignored_at([[20, 0, 30, 20], [5, 5, 9, 9]], [0.25, 0.5]),
    )
    found = assembled(
        (20, 45), [Tile(first, (0, 0, 30, 20), (0, 0)), Tile(second, (0, 0, 15, 20), (30, 0))]
    )
    assert [source.present.tolist() for source in found.sources] == [[1], [3]]
    assert found.regions.tolist() == [[0, 0, 30, 20], [30, 0, 45, 20]]
    assert found.ignored.boxes.tolist() == [[35, 5, 39, 9]]
    assert found.ignored.weights.tolist() == [0.5]
    assert (found.ignored.proposals.tolist(), found.ignored.labels.tolist()) == ([True], [7])


def test_masks_are_there_only_if_all_tiles_have_them() -> None:
    with_masks = make_scene(SIZE)
    without = replace(with_masks, has_masks=False)
    for pair, expected in (((with_masks, without), False), ((with_masks, with_masks), True)):
        tiles = [Tile(pair[0], (0, 0, 30, 20), (0, 0)), Tile(pair[1], (0, 0, 30, 20), (30, 0))]
        assert assembled((20, 60), tiles).has_masks is expected


def test_quadrants_meet_at_the_centre_and_empty_ones_are_left_out() -> None:
    scenes = [make_scene(SIZE) for _ in range(4)]
    corners = [tile.place for tile in quadrants(scenes, (30, 20), (40, 60))]
    assert corners == [(0, 0), (30, 0), (0, 20), (30, 20)]
    assert [tile.window for tile in quadrants(scenes, (10, 5), (40, 60))] == [
        (20, 15, 30, 20),
        (0, 15, 30, 20),
        (20, 0, 30, 20),
        (0, 0, 30, 20),
    ]
    (only,) = quadrants(scenes, (0, 0), (20, 30))
    assert (only.scene, only.place) == (scenes[3], (0, 0))
