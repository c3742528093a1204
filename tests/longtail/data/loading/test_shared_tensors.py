import pickle
from dataclasses import replace

import numpy as np
import torch
from support.pictures.unannotated import unannotated

from longtail.data.loading.sample import Image, Sample
from longtail.data.loading.scenes.masks import InstanceMasks, PolygonMask
from longtail.data.loading.shared_tensors import LARGE, pack, unpack


def test_unpacking_gives_back_what_was_packed() -> None:
    pixels = torch.rand(3, 80, 80)
    labels = torch.tensor([3, 1])
    masks = InstanceMasks((PolygonMask((np.eye(3, 2),)), None))
    found = unpack(pack({"pixels": pixels, "again": pixels, "labels": labels, "masks": masks}))
    assert torch.equal(found["pixels"], pixels) and torch.equal(found["again"], pixels)
    assert torch.equal(found["labels"], labels) and found["labels"].dtype == torch.int64
    assert np.array_equal(found["masks"].items[0].rings[0], np.eye(3, 2))
    found["labels"] += 1


def test_only_large_tensors_travel_through_shared_memory() -> None:
    large, small, empty = torch.zeros(LARGE), torch.zeros(LARGE - 1), torch.zeros(0, 4)
    packed = pack([small, large, empty])
    assert len(packed.tensors) == 1 and packed.tensors[0] is large
    assert [len(tensor) for tensor in unpack(packed)] == [LARGE - 1, LARGE, 0]
    assert len(packed.content) < len(pickle.dumps([small])) + 1000


def test_a_sample_keeps_the_category_it_was_drawn_for() -> None:
    plain = unannotated(Image(torch.rand(3, 80, 80), image_id=7, original_size=(80, 80)))
    drawn = replace(plain, drawn_category=11, background_per_foreground=2.5)
    found: list[Sample] = unpack(pack([plain, drawn]))
    kept = [(sample.drawn_category, sample.background_per_foreground) for sample in found]
    assert kept == [(None, 1.0), (11, 2.5)]
