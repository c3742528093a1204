"""Node identity, and the tree of shared stage prefixes."""

from dataclasses import replace
from pathlib import Path

import pytest

from longtail.cluster.nodes.detector_files import with_absolute_files
from longtail.cluster.nodes.plan import DataFiles, Plan, make_plan
from longtail.config.classifiers import Equalization, Sigmoid
from longtail.config.detector import Detector, Detectron2, Timm
from longtail.config.other_data.ignored import IgnoreBoxes
from longtail.config.other_data.joined import JoinedFile
from longtail.config.roi_stages import HybridTaskCascade, SemanticBranch
from longtail.config.stages import Stage
from longtail.config.test_time.scales import ViewScale
from longtail.config.test_time.suppression import SoftNMS
from longtail.config.test_time.tta import TTA
from longtail.config.variant import Inference, Variant
from longtail.data.joining.also_file import AlsoFile
from longtail.data.semantic.maps import SemanticMaps

DATA = DataFiles(Path("train.json"), Path("val.json"), Path("images"), "a" * 64, "b" * 64)
BASE = Variant(stages=(Stage(classifier=Sigmoid()),))


def plan(variants: dict[str, Variant], seeds: tuple[int, ...] = (0,)) -> Plan:
    return make_plan(variants, seeds, DATA)


def kinds(of: Plan) -> list[str]:
    return [node.kind for node in of.nodes()]


def test_a_row_is_a_chain_of_training_predictions_and_evaluation() -> None:
    (row,) = plan({"a": BASE}).rows
    assert [node.kind for node in row.nodes()] == ["stage", "predictions", "evaluation"]
    assert row.predictions.parents == (row.stages[0],)
    assert row.evaluation.inputs["predictions"] == row.predictions.id


def test_rows_that_differ_at_test_time_share_their_training() -> None:
    other = BASE.replace(inference=Inference(short_side=400))
    assert kinds(plan({"a": BASE, "b": other})).count("stage") == 1


def test_rows_that_differ_in_the_second_stage_share_the_first() -> None:
    second = Stage(classifier=Equalization(), recreate=("classifier",))
    longer = BASE.replace(stages=(*BASE.stages, second))
    nodes = plan({"a": BASE, "b": longer}).nodes()
    assert [node.kind for node in nodes].count("stage") == 2
    assert nodes[0].id == plan({"b": longer}).rows[0].stages[0].id


TWO_SCALES = TTA(scales=(ViewScale(short_side=600), ViewScale(short_side=800)))


def test_views_are_predictions_of_their_own_and_the_plain_one_is_that_of_the_plain_row() -> None:
    seen = BASE.replace(inference=Inference(tta=TWO_SCALES))
    plain, row = plan({"plain": BASE, "views": seen}).rows
    assert [node.kind for node in row.nodes()] == ["stage", *["predictions"] * 5, "evaluation"]
    assert row.predictions.parents == (*row.stages, *row.views)
    assert row.views[2].id == plain.predictions.id
    names = [node.label for node in row.views]
    assert names[:2] == ["views, 600, predictions", "views, 600 flipped, predictions"]
    assert row.inference_of(row.views[1]) == Inference(short_side=600, flip=True)
    assert row.inference_of(row.predictions) == seen.inference


def test_rows_of_the_same_views_share_training_and_views() -> None:
    steps = {
        "union": TWO_SCALES,
        "soft": TWO_SCALES.replace(suppression=SoftNMS()),
        "vote": TWO_SCALES.replace(masks="vote"),
        "shared": TWO_SCALES.replace(boxes="shared_proposals", masks="vote"),
        "one scale": TWO_SCALES.replace(scales=TWO_SCALES.scales[1:]),
    }
    rows = {name: BASE.replace(inference=Inference(tta=tta)) for name, tta in steps.items()}
    # Four views, and what each of the rows makes of them.
    assert kinds(plan(rows)).count("predictions") == 4 + 5
    assert kinds(plan(rows)).count("stage") == 1
    assert len({row.predictions.id for row in plan(rows).rows}) == 5


def test_every_node_follows_those_it_needs() -> None:
    second = Stage(classifier=Equalization(), recreate=("classifier",))
    longer = BASE.replace(stages=(*BASE.stages, second))
    views = BASE.replace(inference=Inference(tta=TWO_SCALES))
    seen: set[str] = set()
    for node in plan({"b": longer, "c": views, "a": BASE}, seeds=(0, 1)).nodes():
        assert {parent.id for parent in node.parents} <= seen
        seen.add(node.id)


@pytest.mark.parametrize("change", ["seed", "train", "val", "classifier"])
def test_identity_changes_with_whatever_changes_the_result(change: str) -> None:
    before = plan({"a": BASE}).rows[0]
    data = DATA
    variant = BASE
    if change == "seed":
        variant = BASE.replace(seed=1)
    elif change == "classifier":
        variant = BASE.replace(stages=(Stage(classifier=Equalization()),))
    elif change == "train":
        data = DataFiles(DATA.train, DATA.val, DATA.images, "c" * 64, DATA.val_digest)
    else:
        data = DataFiles(DATA.train, DATA.val, DATA.images, DATA.train_digest, "c" * 64)
    after = make_plan({"a": variant}, (variant.seed,), data).rows[0]
    assert after.evaluation.id != before.evaluation.id
    assert (after.stages[0].id == before.stages[0].id) == (change == "val")


def test_resamples_are_part_of_an_evaluation_and_of_nothing_before_it() -> None:
    one, other = (make_plan({"a": BASE}, (0,), DATA, resamples).rows[0] for resamples in (0, 1000))
    assert one.evaluation.id != other.evaluation.id
    assert one.predictions.id == other.predictions.id


def test_identity_does_not_change_with_names_and_paths() -> None:
    moved = DataFiles(Path("x"), Path("y"), Path("z"), DATA.train_digest, DATA.val_digest)
    first = plan({"a": BASE}).rows[0].evaluation.id
    assert make_plan({"b": BASE}, (0,), moved).rows[0].evaluation.id == first


def test_seeds_make_rows_of_their_own() -> None:
    rows = plan({"a": BASE}, seeds=(0, 1, 1)).rows
    assert [row.name for row in rows] == ["a seed 0", "a seed 1"]


def test_two_names_for_one_configuration_are_refused() -> None:
    with pytest.raises(ValueError, match="variants a and b are the same configuration"):
        plan({"a": BASE, "b": BASE})


def test_a_grid_is_named_by_its_rows_in_any_order() -> None:
    other = BASE.replace(inference=Inference(short_side=400))
    assert plan({"a": BASE, "b": other}).id == plan({"b": other, "a": BASE}).id
    assert plan({"a": BASE}).id != plan({"b": other}).id


def test_a_changed_config_file_of_the_backbone_is_another_training(tmp_path: Path) -> None:
    file = tmp_path / "network.yaml"
    file.write_text("MODEL: {RESNETS: {DEPTH: 50}}")
    detector = Detector(engine="detectron2", backbone=Detectron2(config_file=str(file)))
    variant = BASE.replace(detector=detector)
    before = plan({"a": variant}).rows[0].stages[0].id
    assert plan({"a": variant}).rows[0].stages[0].id == before
    file.write_text("MODEL: {RESNETS: {DEPTH: 101}}")
    assert plan({"a": variant}).rows[0].stages[0].id != before


def test_a_worker_gets_absolute_files_and_the_node_keeps_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r50.pt").write_bytes(b"weights")
    variant = Variant(detector=Detector(weights="r50.pt", backbone=Timm(weights="r50.pt")))
    taken = with_absolute_files(variant).detector
    assert taken.weights == taken.backbone.weights == str(tmp_path / "r50.pt")
    (row,) = plan({"a": variant}).rows
    assert row.stages[0].config["detector"]["weights"] == "r50.pt"
    assert with_absolute_files(Variant()) == Variant()


def test_pngs_of_classes_name_the_trainings_that_learn_from_them_alone() -> None:
    branch = SemanticBranch(num_categories=4)
    learning = BASE.replace(
        detector=Detector(roi_stages=HybridTaskCascade(semantic=branch)), external_data=True
    )
    with pytest.raises(ValueError, match=r"--semantic: htc has .*name their folder with --sem"):
        plan({"htc": learning})

    def ids(maps: SemanticMaps) -> list[str]:
        data = replace(DATA, semantic=maps)
        rows = make_plan({"htc": learning, "plain": BASE}, (0,), data).rows
        return [row.stages[0].id for row in rows]

    here, there, other = (
        ids(SemanticMaps(Path(folder), digest * 64, ((3, "image 1"), (255, "image 1"))))
        for folder, digest in (("here", "c"), ("there", "c"), ("here", "d"))
    )
    assert here == there
    assert (here[0] == other[0], here[1] == other[1]) == (False, True)
    assert here[1] == plan({"plain": BASE}).rows[0].stages[0].id
    with pytest.raises(ValueError, match=r"semantic\.num_categories 4: .* class 4; set"):
        ids(SemanticMaps(Path("here"), "c" * 64, ((4, "image 1"),)))


OTHER = AlsoFile("oi", Path("oi.json"), Path("pictures"), digest="d" * 64)
COCO = AlsoFile("coco", Path("coco.json"), Path("pictures"), digest="e" * 64)


def with_files(joined: str | None, ignored: str | None = None) -> Stage:
    return Stage(
        classifier=Sigmoid(),
        joined=() if joined is None else (JoinedFile(file=joined),),
        ignore=() if ignored is None else (IgnoreBoxes(file=ignored),),
    )


def stage_ids(stages: tuple[Stage, ...], *also: AlsoFile) -> list[str]:
    variant = Variant(stages=stages, external_data=True)
    (row,) = make_plan({"a": variant}, (0,), replace(DATA, also=also)).rows
    return [node.id for node in row.stages]


def test_other_files_are_inputs_by_content_and_not_by_name() -> None:
    plain = stage_ids((with_files(None),))
    assert stage_ids((with_files(None),), OTHER) == plain
    (first,) = stage_ids((with_files("oi"),), OTHER, COCO)
    assert first != plain[0]
    moved = replace(OTHER, name="x", path=Path("y.json"), images=Path("z"))
    assert stage_ids((with_files("x"),), moved) == [first]
    assert stage_ids((with_files("oi"),), replace(OTHER, digest="f" * 64)) != [first]
    assert stage_ids((with_files("oi"),), replace(OTHER, exhaustive=True)) != [first]
    assert stage_ids((with_files("oi"),), replace(OTHER, by_name=True)) != [first]


def test_files_of_later_stages_change_no_node_before_them() -> None:
    alone = stage_ids((with_files("oi"),), OTHER, COCO)
    both = stage_ids((with_files("oi"), with_files("coco", "oi")), OTHER, COCO)
    assert both[0] == alone[0]
    swapped = stage_ids((with_files("oi"), with_files("oi", "coco")), OTHER, COCO)
    assert swapped[0] == alone[0] and swapped[1] != both[1]


def test_the_node_says_which_input_is_which_file() -> None:
    variant = Variant(stages=(with_files("coco", "oi"),), external_data=True)
    (row,) = make_plan({"a": variant}, (0,), replace(DATA, also=(OTHER, COCO))).rows
    node = row.stages[0]
    assert (node.inputs["also_0"], node.inputs["also_1"]) == ("e" * 64, "d" * 64)
    (stage,) = node.config["stages"]
    assert stage["joined"][0]["file"] == "also_0" and stage["ignore"][0]["file"] == "also_1"


def test_a_file_that_a_stage_names_must_be_given() -> None:
    with pytest.raises(ValueError, match=r"a: stages\.0\.ignore: the file coco is not given; add"):
        stage_ids((with_files("oi", "coco"),), OTHER)
