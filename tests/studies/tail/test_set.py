"""The data set of the study of the tail."""

from collections import Counter

import pytest

from docs.studies.tail.set import frequency_group, quotas, with_steep_tail


def tree(labels_of_images: list[list[int]], num_categories: int) -> dict[str, object]:
    images = [{"id": i} for i in range(len(labels_of_images))]
    pairs = [(i, label) for i, labels in enumerate(labels_of_images) for label in labels]
    annotations = [{"id": k, "image_id": i, "category_id": c} for k, (i, c) in enumerate(pairs)]
    categories = [{"id": c, "name": f"c{c}"} for c in range(num_categories)]
    return {"images": images, "annotations": annotations, "categories": categories}


def test_the_head_is_unbounded_and_the_tail_falls_to_a_floor() -> None:
    # Category c is in 60 - c images, so that its rank is c + 1.
    shown = {i: {c for c in range(60) if i < 60 - c} for i in range(60)}
    quota = quotas(shown, list(range(60)), num_images=800)
    assert [quota[c] for c in range(15)] == [800] * 15
    # 0.6 * 800 / 15 = 32 at rank 15; 32 * (15 / 20)^2.5 = 15.6 and 32 * (15 / 30)^2.5 = 5.7.
    assert (quota[19], quota[29], quota[59]) == (16, 6, 5)


def test_no_tail_category_is_in_more_images_than_its_quota() -> None:
    labels = [[0, 1 + i % 20] for i in range(2000)] + [[0]] * 500
    steep = with_steep_tail(tree(labels, 21), num_images=600)
    shown = Counter(a["category_id"] for a in steep["annotations"])
    assert len(steep["images"]) == 600
    assert [shown[c] for c in (15, 19, 20)] == [20, 12, 10]
    assert {c["id"]: c["image_count"] for c in steep["categories"]} == dict(shown)
    assert {a["image_id"] for a in steep["annotations"]} == {i["id"] for i in steep["images"]}


def test_an_image_without_instances_is_left_out() -> None:
    steep = with_steep_tail(tree([[], [0], [0], []], 1), num_images=2)
    assert [image["id"] for image in steep["images"]] == [1, 2]


def test_too_few_images_are_an_error() -> None:
    with pytest.raises(ValueError, match="only 2 of 3 images"):
        with_steep_tail(tree([[0], [0]], 1), num_images=3)


def test_groups_have_the_limits_of_lvis() -> None:
    assert [frequency_group(n) for n in (1, 10, 11, 100, 101)] == ["r", "r", "c", "c", "f"]
