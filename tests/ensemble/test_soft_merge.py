"""Soft masks from stores to voted masks, through everything that makes stores of stores."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.merge_folder import QUICK, Folder

from ensemble.sources.open import open_source
from ensemble.sources.spec import parse_sources
from longtail.categories import CategoryTable
from longtail.predictions.image_set import ImageSet
from longtail.predictions.result_json.read import import_json
from longtail.predictions.soft_masks import SoftMasks
from longtail.predictions.store import PredictionStore, Source, StoreWriter


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def soft_store(folder: Folder, name: str, probability: float, soft: bool = True) -> PredictionStore:
    """A source's file as a store whose masks are boxes filled with one probability."""
    images, categories = ImageSet.from_json(folder.ann), CategoryTable.from_json(folder.ann)
    out = folder.path / f"{name}.plain"
    if not out.exists():
        import_json(folder.path / f"{name}.json", images, categories, out, Source(name))
    columns = PredictionStore.open(out).read_all()
    grids = SoftMasks.of(np.full((len(columns), 28, 28), probability))
    directory = folder.path / (f"{name}.soft" if soft else f"{name}.hard")
    writer = StoreWriter(directory, images, Source(name), soft)
    writer.write_shard(0, [replace(columns, soft=grids)])
    return writer.finish()


def test_probabilities_decide_where_a_vote_of_masks_would_tie(folder: Folder) -> None:
    soft_store(folder, "a", 1.0)
    soft_store(folder, "b", 0.2)
    options = (*QUICK, "--mask-thr=0.65")
    assert folder.merge("a=a.soft", "b=b.soft", options=options, out="soft") == 0
    soft_store(folder, "a", 1.0, soft=False)
    soft_store(folder, "b", 0.2, soft=False)
    assert folder.merge("a=a.hard", "b=b.hard", options=options, out="hard") == 0
    # Of two masks a pixel of both has all votes; of 1 and 0.2 the mean is under 0.65.
    assert folder.read("stats.json", "soft")["stages"]["empty after the vote"]["all"] > 0
    assert folder.read("stats.json", "hard")["stages"]["empty after the vote"]["all"] == 0


def test_grids_without_a_vote_change_nothing(folder: Folder) -> None:
    for name in "ab":
        soft_store(folder, name, 0.7)
        soft_store(folder, name, 0.7, soft=False)
    options = (*QUICK, "--mask=best")
    assert folder.merge("a=a.soft", "b=b.soft", options=options, out="soft") == 0
    assert folder.merge("a=a.hard", "b=b.hard", options=options, out="hard") == 0
    assert folder.bytes_of("submission.json", "soft") == folder.bytes_of("submission.json", "hard")


def test_a_merge_of_soft_masks_writes_none(folder: Folder) -> None:
    for name in "ab":
        soft_store(folder, name, 0.7)
    assert folder.merge("a=a.soft", "b=b.soft") == 0
    assert not PredictionStore.open(folder.path / "out" / "merged").has_soft_masks


def test_order_of_sources_and_rows_does_not_matter(folder: Folder) -> None:
    for name, probability in (("a", 0.8), ("b", 0.4)):
        soft_store(folder, name, probability)
    assert folder.merge("a=a.soft", "b=b.soft", options=QUICK) == 0
    random = np.random.default_rng(0)
    for name in "ab":
        store = PredictionStore.open(folder.path / f"{name}.soft")
        rows = store.read_block(0, with_soft_masks=True)
        writer = StoreWriter(folder.path / f"{name}.mixed", store.images, Source(name), True)
        writer.write_shard(0, [rows.take(random.permutation(len(rows)))])
        writer.finish()
    assert folder.merge("b=b.mixed", "a=a.mixed", options=QUICK, out="other") == 0
    assert folder.bytes_of("submission.json") == folder.bytes_of("submission.json", "other")


def test_files_of_one_source_are_joined_with_their_grids(folder: Folder) -> None:
    store = soft_store(folder, "a", 0.7)
    rows = store.read_block(0, with_soft_masks=True)
    for number, image in enumerate((1, 2)):
        part = rows.take(rows.image_id == image)
        directory = folder.path / f"part{number}"
        writer = StoreWriter(directory, store.images, Source("a"), number == 0)
        writer.write_shard(0, [part])
        writer.finish()
    (spec,) = parse_sources([f"j={folder.path}/part*"])
    categories = CategoryTable.from_json(folder.ann)
    opened = open_source(spec, store.images, categories, folder.path / "work")
    joined = PredictionStore.open(opened.directory).read_block(0, with_soft_masks=True)
    assert joined.soft is not None
    assert (joined.soft.sides == np.where(joined.image_id == 1, 28, 0)).all()


def test_a_calibrated_store_keeps_its_grids(folder: Folder) -> None:
    from ensemble.calibrate import main
    from longtail.commands import run

    soft_store(folder, "a", 0.7)
    words = [f"--ann={folder.ann}", f"--pred=a={folder.path}/a.soft"]
    for command in (
        ["fit", *words, f"--out={folder.path}/c.json", "--min-matches=1"],
        ["apply", f"--calibration={folder.path}/c.json", *words, f"--out={folder.path}/calibrated"],
    ):
        with pytest.raises(SystemExit) as ended:
            run(main, command)
        assert not ended.value.code, command
    found = PredictionStore.open(folder.path / "calibrated")
    before = PredictionStore.open(folder.path / "a.soft")
    one, other = (s.read_block(0, with_soft_masks=True).soft for s in (found, before))
    assert one is not None and other is not None and np.array_equal(one.cells, other.cells)


def test_an_expert_keeps_the_grids_of_shared_categories(folder: Folder) -> None:
    store = soft_store(folder, "a", 0.7)
    theirs = [{"id": number, "name": f"c{number}"} for number in (3, 9)]
    theirs.append({"id": 7, "name": "of its own"})
    file = folder.write("theirs.json", theirs)
    (spec,) = parse_sources([f"a={folder.path}/a.soft,categories={file}"])
    categories = CategoryTable.from_json(folder.ann)
    opened = open_source(spec, store.images, categories, folder.path / "work")
    found = PredictionStore.open(opened.directory).read_block(0, with_soft_masks=True)
    assert 0 < len(found) < store.num_detections
    assert found.soft is not None and (found.soft.sides == 28).all()
