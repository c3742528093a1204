"""What is looked at is what is learned from."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage
from support.commands.grid_command import GridCommand
from support.commands.in_process import exit_code
from support.on_ray.clusters import NO_CLUSTER

from experiments.grid import main as grid
from experiments.preview import main as preview
from experiments.variants import VARIANTS
from experiments.variants.scale import demo_scale
from longtail.commands import ExitCode
from longtail.data.loading.batches import training_batches
from longtail.data.lvis.annotations import open_annotations
from longtail.data.preview.panel import draw_panel
from longtail.data.preview.sheet import GAP, TITLE
from longtail.randomness import data_seed


def words(toy_set: Path, out: Path, *more: str) -> list[str]:
    files = ["--train", str(toy_set / "train.json"), "--images", str(toy_set / "images")]
    return [*files, "--scale", "demo", "--out", str(out), *more]


def test_a_sheet_shows_the_samples_of_the_training(toy_set: Path, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    options = ("--stage", "1", "--seed", "3", "--num", "3")
    change = "stages.1.schedule.images_per_step=2"
    asked = words(toy_set, out, *options, "--set", change)
    assert exit_code(preview, "rhead_cat", *asked) == ExitCode.DONE
    variant = demo_scale(VARIANTS["rhead_cat"]).override({"stages.1.schedule.images_per_step": 2})
    annotations = open_annotations(toy_set / "train.json")
    batches = training_batches(
        annotations=annotations,
        images_root=toy_set / "images",
        stage=variant.stages[1],
        data=variant.data,
        seed=data_seed(3, 1),
    )
    samples = [*next(batches).samples, *next(batches).samples][:3]
    pixels = np.asarray(PilImage.open(out))
    for number, sample in enumerate(samples):
        panel = np.asarray(draw_panel(sample, annotations.categories.names))
        x = GAP + number * (panel.shape[1] + GAP)
        shown = pixels[GAP + TITLE : GAP + TITLE + len(panel), x : x + panel.shape[1]]
        assert np.array_equal(shown, panel)


def test_a_stage_that_is_not_there_is_refused(
    toy_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = words(toy_set, tmp_path / "sheet.png", "--stage", "2")
    assert exit_code(preview, "rhead_cat", *asked) == ExitCode.USAGE
    assert "--stage 2: rhead_cat has the stages 0 to 1" in capsys.readouterr().err
    assert not (tmp_path / "sheet.png").exists()


def test_an_unknown_variant_is_named_as_it_was_given(
    toy_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(preview, "nope", *words(toy_set, tmp_path / "sheet.png")) == ExitCode.USAGE
    assert "VARIANT nope: 'nope' is unknown; there are softmax_r50" in capsys.readouterr().err


def test_a_file_of_another_format_is_refused(
    toy_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = words(toy_set, tmp_path / "sheet.pdf")
    assert exit_code(preview, "eql_r50", *asked) == ExitCode.USAGE
    assert "--out sheet.pdf: give a file that ends in .png, .jpg" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["sheet.png", "sheet.jpg"])
def test_only_a_sheet_is_written_over_and_only_if_asked(
    toy_set: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("eql_r50", *words(toy_set, tmp_path / name, "--num", "1"))
    assert exit_code(preview, *asked) == ExitCode.DONE
    assert exit_code(preview, *asked) == ExitCode.USAGE
    assert "--force" in capsys.readouterr().err
    assert exit_code(preview, *asked, "--force") == ExitCode.DONE
    PilImage.new("RGB", (60, 40), (200, 30, 30)).save(tmp_path / name)
    before = (tmp_path / name).read_bytes()
    assert exit_code(preview, *asked, "--force") == ExitCode.USAGE
    assert (tmp_path / name).read_bytes() == before


def test_a_dry_run_previews_each_stage_once(
    toy_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("--dry-run", "--preview", "--set", "augmentations.0.short_sides=[32]")
    command = GridCommand(toy_set, tmp_path, NO_CLUSTER, more, "sigmoid_r50,eql_r50,eql_rfs_r50")
    assert exit_code(grid, *command.options()) == ExitCode.DONE
    made = sorted(path.name for path in (tmp_path / "previews").iterdir())
    assert made == ["eql_rfs_r50-stage0.png", "sigmoid_r50-stage0.png"]
    assert capsys.readouterr().out.count("preview of ") == 3


def test_a_preview_belongs_to_a_dry_run(
    toy_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = GridCommand(toy_set, tmp_path, NO_CLUSTER, ("--preview",))
    assert exit_code(grid, *command.options()) == ExitCode.USAGE
    assert "--preview: goes with --dry-run" in capsys.readouterr().err
