"""How fast a node will go, by what was stated or by nodes like it."""

import pytest

from longtail.cluster.costs.finished import FinishedNode
from longtail.cluster.costs.paces import EVERY_ROW, PREDICTION_FACTOR, Pace, Paces
from longtail.cluster.costs.work import Likeness, likeness
from longtail.cluster.nodes.plan import DataFiles, make_plan
from longtail.config.augmentations import HorizontalFlip
from longtail.config.stages import Part, Stage
from longtail.config.variant import Inference, Variant

FROZEN: tuple[Part, ...] = ("backbone", "neck")
WHOLE = Likeness("stage", "net", frozenset(), "flips")
HEAD = Likeness("stage", "net", frozenset(FROZEN), "flips")
PREDICTIONS = Likeness("predictions", "net", frozenset(), "800")


def finished(of: Likeness, pace: float | None, device: str | None = "cpu") -> FinishedNode:
    return FinishedNode(of, device, pace)


def test_a_stated_pace_is_that_of_training_and_prediction_is_faster() -> None:
    paces = Paces({EVERY_ROW: 8.0, "slow": 2.0}, [finished(WHOLE, 100.0)])
    assert paces.of(WHOLE, "any") == Pace(8.0, "stated")
    assert paces.of(WHOLE, "slow") == Pace(2.0, "stated")
    assert paces.of(HEAD, "slow") == Pace(2.0, "stated", is_bound=True)
    # 0.107 s an image against 0.292 s for two.
    assert PREDICTION_FACTOR == pytest.approx(0.146 / 0.107, abs=5e-3)
    assert paces.of(PREDICTIONS, "any") == Pace(8 * PREDICTION_FACTOR, "stated")


def test_a_measured_pace_is_the_median_of_nodes_like_it() -> None:
    nodes = [finished(WHOLE, pace) for pace in (1.0, 3.0, 9.0)] + [finished(WHOLE, None)]
    assert Paces(finished=nodes).of(WHOLE, "a") == Pace(3.0, "3 finished trainings on cpu")
    assert Paces(finished=nodes).of(PREDICTIONS, "a") is None
    assert Paces(finished=nodes).of(Likeness("stage", "other", frozenset(), "flips"), "a") is None


def test_nodes_with_the_same_transforms_come_first() -> None:
    mosaic = Likeness("stage", "net", frozenset(), "mosaic")
    nodes = [finished(WHOLE, 8.0), finished(mosaic, 2.0)]
    assert Paces(finished=nodes).of(mosaic, "a") == Pace(2.0, "1 finished training on cpu")
    assert Paces(finished=nodes[:1]).of(mosaic, "a") == Pace(8.0, "1 finished training on cpu")


def test_a_training_of_more_parts_bounds_one_of_fewer_and_not_the_other_way_round() -> None:
    bound = Paces(finished=[finished(WHOLE, 4.0)]).of(HEAD, "a")
    assert bound is not None and bound.is_bound
    own = Paces(finished=[finished(WHOLE, 4.0), finished(HEAD, 9.0)]).of(HEAD, "a")
    assert own is not None and (own.images_per_second, own.is_bound) == (9.0, False)
    assert Paces(finished=[finished(HEAD, 9.0)]).of(WHOLE, "a") is None


def test_nodes_of_other_devices_tell_nothing() -> None:
    nodes = [finished(WHOLE, 4.0), finished(WHOLE, 90.0, "NVIDIA X"), finished(WHOLE, 7.0, None)]
    assert Paces(finished=nodes).of(WHOLE, "a") == Pace(4.0, "1 finished training on cpu")
    two = Paces(finished=[*nodes, finished(WHOLE, 92.0, "NVIDIA Y")], on_gpu=True).of(WHOLE, "a")
    assert two == Pace(91.0, "2 finished trainings on NVIDIA X, NVIDIA Y")
    gpu = Paces(finished=nodes, on_gpu=True).of(WHOLE, "a")
    assert gpu == Pace(90.0, "1 finished training on NVIDIA X")


def test_what_decides_the_pace_is_the_network_and_not_its_weights_or_loss(data: DataFiles) -> None:
    def of(variant: Variant) -> list[Likeness]:
        (row,) = make_plan({"a": variant}, (0,), data).rows
        return [likeness(node) for node in (row.stages[0], row.predictions)]

    plain, predicted = of(Variant())
    assert of(Variant().override({"stages.0.classifier": "equalization"})) == [plain, predicted]
    config = data.train  # any file that is there
    started = Variant().override({"detector.weights": str(config)})
    assert of(started) == [plain, predicted]
    wide, _ = of(Variant().override({"detector.neck_channels": 128}))
    assert wide.detector != plain.detector and wide.settings == plain.settings
    flips, _ = of(Variant(stages=(Stage(augmentations=(HorizontalFlip(),)),)))
    assert flips.settings != plain.settings and flips.detector == plain.detector
    small = of(Variant(inference=Inference(short_side=400)))
    assert small[0] == plain and small[1].settings != predicted.settings
    (frozen, _) = of(Variant(stages=(Stage(freeze=FROZEN),)))
    assert frozen.frozen == {*FROZEN}
