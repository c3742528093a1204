"""Paths of the command line: absolute from where they are taken, whatever the folder."""

import sys
from pathlib import Path

import click
import pytest
from support.calibration_scene import write_masks
from support.commands.in_process import exit_code
from support.commands.relative_paths import FIRST, ON_RAY, QUICK, Tried, commands, path_parameters

from experiments.variants import VARIANTS
from experiments.variants.scale import demo_scale
from longtail.path_options import SUBMITTED_JOB, AbsolutePath, DataSetPath, NewPath, SharedPath


def run(tried: Tried, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = commands()[tried.command]
    code = exit_code(command, *tried.words.split())
    printed = capsys.readouterr()
    assert code == tried.code, printed.err
    assert tried.says in printed.out + printed.err
    assert [name for name in tried.makes if not (folder / name).exists()] == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Annotations, sources and weights, and nothing else yet."""
    import timm
    import torch

    folder = tmp_path_factory.mktemp("elsewhere")
    write_masks(folder, 40)
    (folder / "work").mkdir()
    torch.save(timm.create_model("resnet10t").state_dict(), folder / "backbone.pt")
    variant = demo_scale(VARIANTS["sigmoid_r50"])
    (folder / "variant.json").write_text(variant.model_dump_json())
    return folder


# In this order: the later ones read what the first ones write.
@pytest.mark.slow
@pytest.mark.parametrize("tried", [*FIRST, *QUICK], ids=lambda tried: tried.command)
def test_a_command_takes_relative_paths_in_another_folder(
    tried: Tried, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["command"])
    run(tried, folder, capsys)


# After them: what they wrote is there.
@pytest.mark.slow
@pytest.mark.parametrize("tried", [*FIRST, *QUICK], ids=lambda tried: tried.command)
def test_force_replaces_what_the_same_command_wrote_and_no_annotations(
    tried: Tried, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    command = commands()[tried.command]
    made = [p for p in command.params if isinstance(p.type, NewPath)]
    if tried.code or not any("--force" in p.opts for p in command.params) or not made:
        return
    words = [*tried.words.split(), "--force"]
    context = command.make_context(tried.command, words)
    for parameter in made:
        ending = Path(str(context.params[str(parameter.name)])).suffix
        other = folder / f"other{ending}"
        if not other.is_dir():
            other.write_bytes((folder / "ann.json").read_bytes())
        with pytest.raises(click.BadParameter):
            parameter.type.convert(other, parameter, context)


def test_every_path_option_is_tried() -> None:
    there = {(name, path) for name, one in commands().items() for path in path_parameters(one)}
    tried = {path for one in (*FIRST, *QUICK, *ON_RAY) for path in one.paths()}
    assert len(there) > 40
    assert there - tried == set(), "add a line to tests/support/commands/relative_paths.py"


def test_every_path_option_makes_its_path_absolute() -> None:
    plain = [
        (name, path)
        for name, one in commands().items()
        for path, parameter in path_parameters(one).items()
        if not isinstance(parameter.type, AbsolutePath)
    ]
    assert plain == []


def test_a_link_keeps_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "node-0123").mkdir()
    (tmp_path / "row").symlink_to("node-0123")
    monkeypatch.chdir(tmp_path)
    assert AbsolutePath(exists=True).convert("row", None, None) == tmp_path / "row"


def test_the_name_of_a_data_set_stays_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(SUBMITTED_JOB, "{}")
    taken = DataSetPath()
    assert taken.convert("lvis_v1_val", None, None) == Path("lvis_v1_val")
    monkeypatch.delenv(SUBMITTED_JOB)
    assert taken.convert("val.json", None, None) == tmp_path / "val.json"
    (tmp_path / "lvis_v1_val").touch()
    assert taken.convert("lvis_v1_val", None, None) == tmp_path / "lvis_v1_val"


def test_a_submitted_job_refuses_relative_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SUBMITTED_JOB, "{}")
    assert SharedPath().convert(str(tmp_path), None, None) == tmp_path
    with pytest.raises(click.BadParameter, match=r"data/val\.json: not among the files"):
        SharedPath().convert("data/val.json", None, None)


def test_a_submitted_job_takes_files_that_were_sent_and_loses_none_that_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SUBMITTED_JOB, "{}")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "part-0.json").write_text("[]")
    for given in ("part-0.json", "part-*.json", "."):
        assert SharedPath().convert(given, None, None) == tmp_path / given
    with pytest.raises(click.BadParameter, match=r"out: a submitted job runs in a folder that is"):
        SharedPath(writes=True).convert("out", None, None)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("ensemble.merge", "--ann=/x/ann.json --pred=a=a.json --out=/x/out --ray"),
        ("ensemble.tune", "--ann={ann} --pred=a=/x/a.json,categories=c.json --out=/x/out"),
        ("experiments.grid", "--train=data/train.json --runs=/x/runs"),
        ("experiments.grid", "--runs=runs"),
        ("experiments.sweep", "--space=fusion --images=images --runs=/x/runs"),
    ],
)
def test_commands_on_ray_refuse_them_before_anything_runs(
    command: str,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "ann.json").write_text("{}")
    monkeypatch.setenv(SUBMITTED_JOB, "{}")
    given = words.format(ann=tmp_path / "ann.json").split()
    assert exit_code(commands()[command], *given) == 2
    assert "give an absolute path on storage that every machine sees" in capsys.readouterr().err
