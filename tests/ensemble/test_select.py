"""The command: its choice is that of whole merges, it goes on after an interruption, it ends."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.calibration_scene import write_masks
from support.commands.in_process import exit_code

from ensemble.calibrate import main as calibrate
from ensemble.merge import main as merge
from ensemble.select import main
from ensemble.selection.greedy import candidates, members_of
from ensemble.sources.spec import parse_sources
from ensemble.tuning.split import split_images, write_annotations

NUM_IMAGES = 240
CAP = "--max-dets=12"
"""Fewer than a merge finds in an image, so that the cap binds."""
RESAMPLES = "--resamples=60"


class Folder:
    """A pool of three members, and selections of it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def words(self, out: str = "out") -> list[str]:
        preds = [f"--pred={name}={self.path / name}.json" for name in "abc"]
        return [*preds, f"--ann={self.path}/ann.json", f"--out={self.path / out}", CAP]

    def select(self, *options: str, out: str = "out") -> int:
        return exit_code(main, *self.words(out), *(options or (RESAMPLES,)))

    def read(self, name: str, out: str = "out") -> Any:
        return json.loads((self.path / out / name).read_text())

    def lines(self, name: str, out: str = "out") -> list[Any]:
        return [json.loads(line) for line in (self.path / out / name).read_text().splitlines()]


@pytest.fixture(scope="module")
def selected(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A selection with WBF that ended."""
    folder = Folder(tmp_path_factory.mktemp("selected"))
    write_masks(folder.path, NUM_IMAGES)
    assert folder.select() == 0
    return folder


def half_of(folder: Folder, name: str = "half") -> Path:
    """A folder with the annotations and results of the half that is chosen on."""
    out = folder.path / name.replace(" ", "-")
    out.mkdir()
    tree = json.loads((folder.path / "ann.json").read_text())
    ids, _ = split_images(np.array(sorted(image["id"] for image in tree["images"])), 0)
    chosen = set(ids.tolist())
    write_annotations(folder.path / "ann.json", chosen, out / "ann.json")
    for name in "abc":
        records = json.loads((folder.path / f"{name}.json").read_text())
        kept = [record for record in records if record["image_id"] in chosen]
        (out / f"{name}.json").write_text(json.dumps(kept))
    return out


def ap_of_merge(half: Path, counts: dict[str, int], *more: str) -> float:
    """What `ensemble.merge` and its evaluation say of a selection."""
    pool = parse_sources([f"{name}={half / name}.json" for name in "abc"])
    words = [f"--pred={spec.word()}" for spec in members_of(pool, counts)]
    out = half / "-".join(f"{name}{count}" for name, count in sorted(counts.items()))
    options = "--no-steps", "--resamples=0", "--num-workers=1", "--no-report", CAP, *more
    if not out.exists():
        assert exit_code(merge, *words, f"--ann={half}/ann.json", f"--out={out}", *options) == 0
    evaluation = json.loads((out / "evaluation.json").read_text())
    return float(evaluation["steps"]["merged"]["segm"]["AP"])


@pytest.mark.slow
def test_the_choice_is_that_of_whole_merges_of_every_candidate(selected: Folder) -> None:
    half, report = half_of(selected), selected.read("select.json")
    judged = {
        tuple(of["members"].items()): of["result"]["AP"]
        for of in selected.lines("candidates.jsonl")
    }
    chosen: dict[str, int] = {}
    for step in report["steps"]:
        found = {
            name: ap_of_merge(half, counts) for name, counts in candidates(chosen, "abc").items()
        }
        assert step["added"] == max(sorted(found), key=lambda name: found[name])
        assert step["chosen_on"]["AP"] == found[step["added"]]
        chosen = step["members"] if step["is_kept"] else chosen
    assert len(judged) >= 6 and chosen == report["chosen"]
    for members, value in judged.items():
        assert ap_of_merge(half, dict(members)) == value


@pytest.mark.slow
def test_scores_go_through_the_maps_that_are_given_as_in_whole_merges(selected: Folder) -> None:
    maps = selected.path / "maps.json"
    preds = [f"--pred={name}={selected.path / name}.json" for name in "ab"]
    where = f"--ann={selected.path}/ann.json", f"--out={maps}", "--kind=temperature"
    assert exit_code(calibrate, "fit", *preds, *where) == 0
    # Only two of the members have maps, and of the third alone no merge would take the file.
    words = f"--calibration={maps}", "--method=nms", "--max-members=2", RESAMPLES
    assert selected.select(*words, out="calibrated") == 0
    half = half_of(selected, "calibrated half")
    for line in selected.lines("candidates.jsonl", "calibrated"):
        members = line["members"]
        options = ["--method=nms"] if [*members] == ["c"] else [*words[:2]]
        assert ap_of_merge(half, members, *options) == line["result"]["AP"]


@pytest.mark.slow
def test_gains_are_told_on_the_other_half_and_the_last_one_is_kept_if_it_is_real(
    selected: Folder,
) -> None:
    report = selected.read("select.json")
    assert report["images_chosen_on"] + report["images_of_the_other_half"] == NUM_IMAGES
    first, *others = report["steps"]
    assert first["gain"] is None and first["is_kept"] and others
    for before, step in zip(report["steps"], others, strict=False):
        gain = step["gain"]["AP"]
        assert gain["difference"] == pytest.approx(
            step["held_out"]["AP"] - before["held_out"]["AP"], abs=1e-12
        )
        assert step["is_kept"] == (gain["low"] > 0)
    assert all(step["is_kept"] for step in report["steps"][:-1])
    told = "no member raises AP", "cannot be told from 0", "is a loss"
    assert any(words in report["stopped"] for words in told)


@pytest.mark.slow
def test_a_merge_takes_the_file(selected: Folder) -> None:
    config, out = selected.path / "out/merge.yaml", selected.path / "merged"
    assert exit_code(merge, f"--config={config}", f"--out={out}", "--no-evaluate") == 0
    sources = json.loads((out / "merge.json").read_text())["sources"]
    chosen = selected.read("select.json")["chosen"]
    assert {of["name"]: of["weight"] for of in sources} == chosen


@pytest.mark.slow
@pytest.mark.parametrize("left", [(1, 0), (6, 2)])
def test_an_interrupted_selection_goes_on_and_ends_the_same(
    selected: Folder, tmp_path: Path, left: tuple[int, int]
) -> None:
    names = "select.json", "merge.yaml", "candidates.jsonl", "steps.jsonl"
    whole = {name: (selected.path / "out" / name).read_bytes() for name in names}
    shutil.copytree(selected.path / "out", selected.path / f"again{left[0]}")
    out = selected.path / f"again{left[0]}"
    for name in names[:2]:
        (out / name).unlink()
    for name, count in zip(names[2:], left, strict=True):
        # And a line that was cut off.
        kept = whole[name].splitlines(keepends=True)[:count]
        (out / name).write_bytes(b"".join(kept) + b'{"half')
    assert selected.select(out=out.name) == 0
    assert {name: (out / name).read_bytes() for name in names} == whole


@pytest.mark.slow
def test_a_finished_selection_judges_nothing_and_another_one_is_refused(
    selected: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (selected.path / "out/select.json").read_bytes()
    assert selected.select() == 0
    assert "judged, +" not in capsys.readouterr().err
    assert (selected.path / "out/select.json").read_bytes() == before
    assert selected.select(RESAMPLES, "--half-seed=1") == 2
    assert "holds a selection with other half_seed" in capsys.readouterr().err
    assert selected.select(RESAMPLES, "--max-members=1") == 2
    assert "holds a selection of" in capsys.readouterr().err
    assert (selected.path / "out/select.json").read_bytes() == before
    shutil.copytree(selected.path / "out", selected.path / "forced")
    options = RESAMPLES, "--half-seed=1", "--max-members=1", "--force"
    assert selected.select(*options, out="forced") == 0
    report = selected.read("select.json", "forced")
    assert (report["stopped"], len(report["steps"])) == ("--max-members 1", 1)
    # One source is merged by NMS; who adds another gets the method that was asked for.
    written = (selected.path / "forced/merge.yaml").read_text()
    assert "method: wbf" in written and "\niou_thr" not in written


@pytest.mark.slow
def test_members_that_are_the_same_never_help_each_other(
    selected: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Folder(selected.path / "same")
    folder.path.mkdir()
    for name in ("ann", "a"):
        shutil.copy(selected.path / f"{name}.json", folder.path)
    for name in "bc":
        shutil.copy(folder.path / "a.json", folder.path / f"{name}.json")
    assert folder.select(RESAMPLES, "--method=nms") == 0
    report = folder.read("select.json")
    assert report["chosen"] == {"a": 1}
    assert report["stopped"] == "no member raises AP of the half that is chosen on"


@pytest.mark.slow
def test_a_member_without_detections_or_masks_is_never_the_first(selected: Folder) -> None:
    folder = Folder(selected.path / "odd")
    folder.path.mkdir()
    for name in ("ann", "c"):
        shutil.copy(selected.path / f"{name}.json", folder.path)
    (folder.path / "a.json").write_text("[]")
    records = json.loads((selected.path / "b.json").read_text())
    boxes = [
        {key: of[key] for key in ("image_id", "category_id", "score")} | {"bbox": [0, 0, 16, 16]}
        for of in records
    ]
    (folder.path / "b.json").write_text(json.dumps(boxes))
    assert folder.select(RESAMPLES, "--max-members=1") == 0
    assert folder.read("select.json")["chosen"] == {"c": 1}
    problems = [of["result"].get("problem") for of in folder.lines("candidates.jsonl")]
    assert problems == ["no detection to merge", "no member has masks", None]


@pytest.mark.slow
def test_a_dry_run_says_what_a_step_judges_and_writes_nothing(
    selected: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert selected.select("--dry-run", out="dry") == 0
    said = capsys.readouterr().err
    assert f"each step judges 3 merges on {NUM_IMAGES // 2} images" in said
    assert "nothing was written" in said and not (selected.path / "dry").exists()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--resamples=0", "--resamples 0: a selection ends by the interval of a gain"),
        ("--with-bbox", "--with-bbox: members are chosen by mask AP"),
        ("--iou-thr=2", "--iou-thr 2.0: expected a number from 0 to 1"),
        ("--metric=AP50", "'AP50' is not one of"),
    ],
)
def test_options_that_no_selection_takes_are_refused(
    tmp_path: Path, option: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ann.json").write_text("{}")
    assert Folder(tmp_path).select(option) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_of_other_files_is_refused_even_by_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_masks(tmp_path, 40)
    folder = Folder(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "request.json").write_text("{}")
    assert folder.select(RESAMPLES, "--force") == 2
    assert "holds files that no selection wrote" in capsys.readouterr().err
