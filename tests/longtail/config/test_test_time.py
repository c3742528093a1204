"""Which test-time augmentations make sense, what names them, and which views they have."""

from typing import Any

import pytest

from longtail.config.meaning import meaning_of
from longtail.config.scores import HeadMerge
from longtail.config.test_time.scales import ViewScale
from longtail.config.test_time.suppression import NMSThenSoftNMS, SoftNMS
from longtail.config.test_time.tta import TTA
from longtail.config.variant import Inference, Variant

TWO = (ViewScale(short_side=600), ViewScale(short_side=800))


def test_a_variant_without_it_keeps_its_name() -> None:
    assert Variant().fingerprint() == "4d51376b64d6"
    assert not {"flip", "tta"} & Inference().identity().keys()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scales": ()}, r"tta.scales: none; .* set tta=null"),
        ({"scales": (TWO[0], TWO[0])}, r"600 x 1333 is there twice"),
        ({"scales": (TWO[0].replace(smallest=8),)}, r"from 0 to 8 pixels \(600 from 8 to any\)"),
        ({"scales": (TWO[0].replace(largest=8),)}, r"from 8 to the largest pixels"),
        (
            {"scales": (TWO[0].replace(smallest=32), TWO[1].replace(largest=16))},
            r"from 16 to 32 pixels \(600 from 32 to any, 800 from 0 to 16\)",
        ),
        ({"rare_margin": 0.05, "common_margin": 0.1}, r"common_margin 0.1 is over .* 0.05"),
        ({"masks": "by_scale"}, r"by_scale: there is one scale.* tta.masks=vote"),
        ({"boxes": "shared_proposals"}, r"masks own: .* tta.masks=vote"),
        (
            {"boxes": "shared_proposals", "masks": "vote", "suppression": SoftNMS()},
            r"suppression soft_nms: .* tta.boxes=union",
        ),
        (
            {"boxes": "shared_proposals", "masks": "vote", "rare_margin": 0.1},
            r"rare_margin 0.1: .* tta.boxes=union",
        ),
        (
            {
                "boxes": "shared_proposals",
                "masks": "vote",
                "scales": (TWO[0].replace(largest=64), TWO[1].replace(smallest=32)),
            },
            r"shared_proposals: scores of all views are averaged",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TTA(**changes)


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(ValueError, match="largest 16 is not over smallest 16"):
        ViewScale(smallest=16, largest=16)


def test_overlapping_ranges_and_ranges_that_touch_cover_everything() -> None:
    TTA(scales=(TWO[0].replace(smallest=32), TWO[1].replace(largest=64)))
    TTA(scales=(TWO[0].replace(smallest=64), TWO[1].replace(largest=64)))


def test_flipping_is_said_in_one_place() -> None:
    with pytest.raises(ValueError, match=r"flip: true, .* inference.flip=false"):
        Inference(flip=True, tta=TTA())


def test_means_over_a_set_are_not_measured_for_shared_proposals() -> None:
    tta = TTA(boxes="shared_proposals", masks="vote")
    with pytest.raises(ValueError, match=r"scale_images 100: .*scale_images=0.*tta.boxes=union"):
        Inference(head_merge=HeadMerge(rule="cat_scale"), tta=tta)
    Inference(head_merge=HeadMerge(rule="cat_scale", scale_images=0), tta=tta)


def test_views_are_plain_predictions_scale_by_scale() -> None:
    inference = Inference(nms_iou=0.6, tta=TTA(scales=TWO))
    views = inference.views()
    assert [(view.short_side, view.flip) for view in views] == [
        (600, False),
        (600, True),
        (800, False),
        (800, True),
    ]
    assert views[2].identity() == Inference(nms_iou=0.6).identity()
    assert all(view.tta is None for view in views)
    assert not Inference().views()
    assert not Inference(tta=TTA(boxes="shared_proposals", masks="vote")).views()


@pytest.mark.parametrize(("masks", "kept"), [("own", True), ("vote", False)])
def test_views_keep_soft_masks_only_where_they_are_the_result(masks: str, kept: bool) -> None:
    tta = TTA.model_validate({"scales": TWO, "masks": masks})
    inference = Inference(keep_soft_masks=True, tta=tta)
    assert all(view.keep_soft_masks is kept for view in inference.views())


def test_the_size_of_a_plain_prediction_names_no_augmented_one() -> None:
    first, other = (Inference(short_side=side, tta=TTA()) for side in (400, 800))
    assert first.identity() == other.identity()
    assert meaning_of(Variant(inference=first)) == meaning_of(Variant(inference=other))


@pytest.mark.parametrize(
    ("decay", "field", "value", "is_read"),
    [
        ("gaussian", "iou", 0.3, False),
        ("gaussian", "sigma", 0.3, True),
        ("linear", "iou", 0.3, True),
        ("linear", "sigma", 0.3, False),
    ],
)
def test_a_decay_reads_its_own_field(decay: str, field: str, value: float, is_read: bool) -> None:
    softening = NMSThenSoftNMS.model_validate({"decay": decay})
    changed = softening.replace(**{field: value})
    of = [Variant(inference=Inference(tta=TTA(suppression=s))) for s in (softening, changed)]
    assert (meaning_of(of[0]) != meaning_of(of[1])) is is_read


def test_it_can_be_given_by_paths() -> None:
    changes = {
        "inference.tta.scales": [{"short_side": 600}, {"short_side": 800}],
        "inference.tta.suppression": "nms_then_soft_nms",
        "inference.tta.suppression.first_iou": 0.6,
    }
    tta = Variant().override(changes).inference.tta
    assert tta == TTA(scales=TWO, suppression=NMSThenSoftNMS(first_iou=0.6))
    assert Variant().override(changes).override({"inference.tta": None}) == Variant()
