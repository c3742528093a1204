from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.references.fusion import sort_into_groups_reference

from ensemble.fusion.grouping import ImageCategoryGroups, sort_into_groups

NUM_KEYS = 4
DETECTION = st.tuples(
    st.integers(0, NUM_KEYS - 1),
    st.sampled_from([0.1, 0.5, 0.9]),
    st.integers(0, 2),
    st.sampled_from([(0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 1.0, 2.0)]),
    st.sampled_from([b"", b"a", b"ab", b"b"]),
)
Detection = tuple[int, float, int, tuple[float, ...], bytes]


def cut(
    cutter: Callable[..., ImageCategoryGroups], detections: list[Detection]
) -> ImageCategoryGroups:
    keys, scores, sources, boxes, masks = (
        zip(*detections, strict=True) if detections else ((), (), (), (), ())
    )
    return cutter(
        rows=np.arange(len(detections)),
        keys=np.array(keys, np.int64),
        num_keys=NUM_KEYS,
        scores=np.array(scores, np.float64),
        sources=np.array(sources, np.int64),
        boxes=np.array(boxes, np.float64).reshape(-1, 4),
        counts=np.frombuffer(b"".join(masks), np.uint8),
        counts_offsets=np.cumsum([0, *map(len, masks)]),
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(DETECTION, max_size=30))
def test_kernel_sorts_as_its_definition(detections: list[Detection]) -> None:
    fast, slow = cut(sort_into_groups, detections), cut(sort_into_groups_reference, detections)
    assert fast.starts.tolist() == slow.starts.tolist()
    assert [detections[i] for i in fast.order] == [detections[i] for i in slow.order]


@pytest.mark.parametrize("size", [31, 32, 33, 64, 65, 129, 1000])
@pytest.mark.parametrize("num_scores", [1, 7, 10_000])
def test_long_segments_are_sorted_too(size: int, num_scores: int) -> None:
    random = Random(size * num_scores)
    detections: list[Detection] = [
        (
            random.randrange(2),
            random.randrange(num_scores) / num_scores,
            random.randrange(3),
            (0.0, 0.0, 1.0, float(random.randrange(1, 4))),
            random.choice([b"", b"a", b"ab", b"b"]),
        )
        for _ in range(size)
    ]
    fast, slow = cut(sort_into_groups, detections), cut(sort_into_groups_reference, detections)
    assert fast.starts.tolist() == slow.starts.tolist()
    assert [detections[i] for i in fast.order] == [detections[i] for i in slow.order]


@settings(max_examples=50, deadline=None)
@given(st.lists(DETECTION, max_size=30), st.randoms(use_true_random=False))
def test_order_of_rows_given_does_not_matter(detections: list[Detection], random: Random) -> None:
    shuffled = list(detections)
    random.shuffle(shuffled)
    one, other = cut(sort_into_groups, detections), cut(sort_into_groups, shuffled)
    assert [detections[i] for i in one.order] == [shuffled[i] for i in other.order]


def test_no_rows_give_empty_segments() -> None:
    groups = cut(sort_into_groups, [])
    assert len(groups.order) == 0
    assert groups.starts.tolist() == [0] * (NUM_KEYS + 1)


def test_only_the_rows_named_are_sorted() -> None:
    box = (0.0, 0.0, 1.0, 1.0)
    detections: list[Detection] = [(0, score, 0, box, b"") for score in (0.1, 0.9, 0.5)]

    def cut_some(rows: NDArray[np.int64], **columns: Any) -> ImageCategoryGroups:
        return sort_into_groups(np.array([0, 2]), **columns)

    assert cut(cut_some, detections).order.tolist() == [2, 0]
