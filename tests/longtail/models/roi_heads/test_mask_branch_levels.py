"""Masks that fill little of their box come from a finer level of the pyramid."""

from collections.abc import Callable

import pytest
import torch
from support.models.full_masks import all_ious, all_outputs, own_of, trunk
from support.models.toy_heads import DETECTOR, K, LeftHalves, toy_heads, toy_mask_heads
from torch import Tensor
from torch.nn import functional as F

from longtail.config.roi_stages import Cascade, HybridTaskCascade, OneStage, RoIStages
from longtail.models.masks.mask_level import levels_by_area_and_ratio
from longtail.models.roi_heads.heads import RoIHeads
from longtail.models.roi_heads.targets import RoITargets

TargetsMaker = Callable[..., RoITargets]


def _see_through(heads: RoIHeads) -> RoIHeads:
    """Mask heads whose logit is the first feature minus one half, whatever the category."""
    with torch.no_grad():
        for head in heads.mask_branch.heads:
            for parameter in head.parameters():
                parameter.zero_()
            head.convolutions[0].weight[0, 0, 1, 1] = 1  # type: ignore[union-attr, index]
            head.deconvolution.weight[0, 0] = 1
            head.predictor.weight[:, 0] = 1
            assert head.predictor.bias is not None
            head.predictor.bias.fill_(-0.5)
    return heads


BY_RATIO = DETECTOR.mask_head.replace(level="area_and_ratio", pool_size=14)
LARGE = [8.0, 8.0, 248.0, 248.0]
"""By its area on p4."""


def _flat(**values: float) -> dict[str, Tensor]:
    """Of a picture of 256 x 256, a value on every level."""
    strides = {"p2": 4, "p3": 8, "p4": 16, "p5": 32}
    return {
        name: torch.full((1, 8, 256 // s, 256 // s), values.get(name, 0.0))
        for name, s in strides.items()
    }


@pytest.mark.parametrize("stages", [OneStage(), Cascade(), HybridTaskCascade(interleaved=False)])
@pytest.mark.parametrize(("share", "level"), [(1.0, "p4"), (0.3, "p3"), (0.1, "p2")])
def test_masks_learn_on_the_level_of_how_much_the_instance_fills(
    stages: RoIStages, share: float, level: str, make_targets: TargetsMaker
) -> None:
    heads = _see_through(toy_mask_heads(stages, BY_RATIO))
    targets = make_targets([LARGE], [2], masks=LeftHalves(torch.tensor([LARGE]), share))
    features = _flat(**{level: 2.5})
    _, losses = heads(features, [torch.zeros(0, 4)], [(256, 256)], [targets])
    # Half of the cells are foreground at a logit of 2, wherever the masks see that level.
    of_stage = (F.softplus(torch.tensor(-2.0)) + F.softplus(torch.tensor(2.0))) / 2
    weights = [rules.loss_weight for rules in heads.rules.stages]
    torch.testing.assert_close(losses["mask"], of_stage * sum(weights))


@torch.no_grad()
def test_a_thin_ring_is_made_anew_from_the_finest_level() -> None:
    by_ratio = BY_RATIO.replace(pool_size=20)
    heads = _see_through(toy_mask_heads(HybridTaskCascade(), by_ratio)).eval()
    features = _flat(p2=4.5, p3=0.7)
    # On p4 ones in the outermost cells, of 16 pixels: of 20 x 20 pooled ones only the border.
    features["p4"][:] = 1.0
    features["p4"][:, :, 1:15, 1:15] = 0.0
    boxes, labels = [torch.tensor([LARGE, [100.0, 100, 140, 140]])], [torch.tensor([1, 2])]
    plain = _see_through(toy_mask_heads(OneStage(), by_ratio.replace(level="area"))).eval()
    (by_area,) = plain.masks_for(features, boxes, labels)
    assert (by_area.probabilities[0] >= 0.5).sum() == 40**2 - 36**2 < 0.25 * 40**2
    (found,) = heads.masks_for(features, boxes, labels)
    # Logits of 4.5 - 0.5, on p2; the small box was there from the start.
    torch.testing.assert_close(found.probabilities, torch.full((2, 40, 40), 4.0).sigmoid())


@pytest.mark.parametrize("stages", [OneStage(), HybridTaskCascade()], ids=lambda s: s.name)
@torch.no_grad()
def test_levels_by_ratio_give_what_pooling_all_by_the_final_levels_does(stages: RoIStages) -> None:
    mask_head = BY_RATIO.replace(boundary=True, scoring=True, pool_size=7)
    heads = toy_mask_heads(stages, mask_head).eval()
    generator = torch.Generator().manual_seed(3)
    features = {
        name: torch.randn(2, 8, 640 // s, 640 // s, generator=generator)
        for name, s in (("p2", 4), ("p3", 8), ("p4", 16), ("p5", 32))
    }
    corners = torch.rand(24, 2, generator=generator) * 200
    sides = 100 + torch.rand(24, 2, generator=generator) * 340
    boxes = list(torch.cat([corners, corners + sides], dim=1).split(12))
    labels = list(torch.randint(0, K, (24,), generator=generator).split(12))
    branch = heads.mask_branch
    plain = toy_heads(stages, detector=DETECTOR.replace(mask_head=mask_head.replace(level="area")))
    plain.load_state_dict(heads.state_dict(), strict=True)
    first = torch.cat([m.probabilities for m in plain.masks_for(features, boxes, labels)])
    areas = sides.prod(dim=1)
    filled = (first >= 0.5).float().mean(dim=(1, 2))
    levels = levels_by_area_and_ratio(areas, filled * areas)
    changed = levels != branch.pooler.levels(torch.cat(boxes))
    assert 0 < changed.sum() < 24
    assert branch.fine_pooler is not None
    pooled, fine = branch.pooler(features, boxes, levels), branch.fine_pooler(features, boxes)
    logits = [
        own_of(all_outputs(h, trunk(branch.heads, t, pooled), fine)[0], torch.cat(labels))
        for t, h in enumerate(branch.heads)
    ]
    found = heads.masks_for(features, boxes, labels)
    torch.testing.assert_close(
        torch.cat([m.probabilities for m in found]),
        torch.stack([of_head.sigmoid() for of_head in logits]).mean(dim=0),
    )
    ious = own_of(all_ious(branch.scorer, pooled, logits[-1]), torch.cat(labels)).clamp(0, 1)
    torch.testing.assert_close(torch.cat([m.quality for m in found]), ious)
