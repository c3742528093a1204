"""Every path option of every command, given relative to a folder that is not the repository's."""

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import click
from support.places import ROOT

SOURCES = (
    ROOT / "dashboards",
    ROOT / "ensemble",
    ROOT / "experiments",
    ROOT / "platform" / "longtail",
)


@dataclass(frozen=True)
class Tried:
    """A command line with relative paths.

    Attributes:
        command: Module, and the subcommand of a group, as in `ensemble.calibrate fit`.
        words: What follows, without spaces within a word.
        makes: Files that are there afterwards.
        code: The exit code.
        says: What is printed.
    """

    command: str
    words: str
    makes: tuple[str, ...] = ()
    code: int = 0
    says: str = ""

    def paths(self) -> set[tuple[str, str]]:
        """The path options among the words, and the arguments."""
        given = {word.partition("=")[0] for word in self.words.split()}
        return {
            (self.command, name)
            for name, parameter in path_parameters(commands()[self.command]).items()
            if isinstance(parameter, click.Argument) or name in given
        }


FIRST = (
    Tried("ensemble.convert", "a.json --ann=ann.json --to=store --out=store", ("store",)),
    Tried(
        "ensemble.calibrate fit",
        "--ann=ann.json --pred=a=a.json --pred=b=b.json,categories=ann.json --out=calibration.json"
        " --min-matches=5",
        ("calibration.json",),
    ),
    Tried(
        "ensemble.merge",
        "--ann=ann.json --pred=a=a.json --pred=b=b.json,categories=ann.json --out=merged"
        " --calibration=calibration.json --num-workers=2 --resamples=0 --csv=merged.csv",
        ("merged/result.json", "merged.csv"),
    ),
    Tried(
        "longtail.evaluation.__main__",
        "ann.json store --shard=1/1 --part=part.npz",
        ("part.npz",),
    ),
    Tried(
        "longtail.data.synthetic.__main__",
        "toy --images=8 --size=64 --categories=3",
        ("toy/val.json",),
    ),
)
"""What others go on with."""

_GRID_SETS = (
    "iterations=2 warmup_iterations=1 checkpoint_every=2 log_every=1 images_per_step=2".split()
)
_TRAINS = " ".join(
    [
        "--train=toy/train.json --val=toy/val.json --images=toy/images --scale=demo --runs=runs",
        "--resamples=0 --set detector.backbone.weights=backbone.pt",
        *(f"--set stages.0.schedule.{change}" for change in _GRID_SETS),
    ]
)
QUICK = (
    Tried("ensemble.validate", "a.json --ann=ann.json --json=v.json", ("v.json",)),
    Tried(
        "ensemble.calibrate apply",
        "--calibration=calibration.json --ann=ann.json --pred=a=a.json --out=calibrated.json",
        ("calibrated.json",),
    ),
    Tried(
        "ensemble.merge",
        "--config=merged/merge.yaml --out=again --dry-run",
        says="dry run: nothing was written",
    ),
    Tried(
        "ensemble.tune",
        "--ann=ann.json --pred=a=a.json --out=x --calibration=calibration.json",
        code=2,
        says="--calibration: a search fits its own",
    ),
    Tried(
        "longtail.evaluation.__main__",
        "ann.json a.json --json=e.json --per-category=e.csv --plot=e.html --latex=e.tex"
        " --markdown=e.md --csv=table.csv --compare=b.json --bootstrap=20 --keep-matches=matches"
        " --train-annotations=ann.json --work-dir=work --workers=2",
        ("e.json", "e.csv", "e.html", "e.tex", "e.md", "table.csv", "matches"),
    ),
    Tried(
        "longtail.evaluation.__main__",
        "ann.json store --parts=part.npz --experiment=mine --runs=recorded",
        ("recorded/mlflow.db",),
    ),
    Tried(
        "longtail.evaluation.diagnose",
        "ann.json a.json --json=why.json --work-dir=work",
        ("why.json",),
    ),
    Tried(
        "experiments.grid",
        "--variants=softmax_r50 --train=toy/train.json --val=toy/val.json --images=toy/images"
        " --runs=runs --semantic=toy/images --dry-run",
        code=2,
        says="nothing learns from it",
    ),
    Tried(
        "experiments.sweep",
        "--space=lambda --train=toy/train.json --val=toy/val.json --images=toy/images"
        " --runs=runs --semantic=toy/images --dry-run",
        code=3,
        says="one channel of 8 bits",
    ),
    Tried("longtail.models.weights.__main__", "backbone.pt --json=weights.json", ("weights.json",)),
    Tried(
        "longtail.data.convert.__main__ coco",
        "toy/val.json lvis.json --images=toy/images --counts-of=toy/train.json",
        ("lvis.json",),
    ),
    Tried(
        "longtail.data.check",
        "toy/train.json --images=toy/images --json=report.json",
        ("report.json",),
    ),
    Tried(
        "longtail.cluster.export",
        "runs/row --ann=toy/val.json --out=exported --variant=variant.json",
        code=3,
        says="runs/row",
    ),
    Tried(
        "longtail.cluster.telemetry", "runs/row --out=t.svg --csv=t.csv", code=3, says="runs/row"
    ),
    Tried(
        "ensemble.tune",
        "--ann=ann.json --pred=a=a.json --pred=b=b.json,categories=ann.json --out=tuned"
        " --search=margins --method=nms --margin-trials=2 --resamples=0",
        ("tuned/merge.yaml",),
    ),
    Tried(
        "experiments.grid",
        f"--variants=mine=variant.json --dry-run {_TRAINS}",
        says="mine training",
    ),
    Tried(
        "experiments.grid",
        "--pred=a=a.json --val=ann.json --runs=rows --csv=grid.csv --resamples=0",
        ("rows/grids/a", "grid.csv"),
    ),
    Tried(
        "experiments.preview",
        "variant.json --train=toy/train.json --val=toy/val.json --images=toy/images --runs=runs"
        " --num=1 --out=sheet.png",
        ("sheet.png",),
    ),
    Tried(
        "experiments.preview",
        "variant.json --train=toy/train.json --images=toy/images --semantic=toy/images --num=1"
        " --out=maps.png",
        code=2,
        says="nothing learns from it",
    ),
    Tried(
        "longtail.cluster.soup",
        "stage-000000000001 stage-000000000002 --runs=rows",
        code=3,
        says="stage-000000000001",
    ),
    Tried(
        "experiments.sweep",
        f"--variant=variant.json --search=inference.nms_iou=[0.4,0.5] --name=nms {_TRAINS}"
        " --dry-run",
        says="nms",
    ),
    Tried(
        "experiments.sweep",
        f"--variant=variant.json --search=inference.nms_iou=[0.4,0.5] {_TRAINS} --csv=sweep.csv"
        " --dry-run",
        code=2,
        says="--csv: nothing is run here",
    ),
    Tried(
        "dashboards.report",
        "merged --ann=ann.json --images=toy/images --pred=a=a.json --experiment=mine"
        " --runs=recorded --out=report.html",
        ("report.html",),
    ),
    Tried(
        "ensemble.select",
        "--ann=ann.json --pred=a=a.json --pred=b=b.json,categories=ann.json --out=selected"
        " --calibration=calibration.json --method=nms --resamples=20",
        ("selected/merge.yaml",),
    ),
    Tried("dashboards.report", "tuned --out=tuned.html --export=paper", ("paper/figures.json",)),
    Tried(
        "dashboards.gallery",
        "merged --ann=ann.json --images=toy/images --out=pictures",
        code=3,
        says="toy/images",
    ),
    Tried("dashboards.watch", "rows --html=now.html --once", ("now.html",)),
    Tried("dashboards.mlflow_views", "mine --runs=recorded", says="Rows"),
    Tried("dashboards.ui", "--runs=recorded --experiment=other", code=3, says="other"),
)

ON_RAY = (
    Tried(
        "experiments.sweep",
        "--space=fusion --pred=a=a.json --pred=b=b.json --val=ann.json --runs=runs --trials=2"
        " --resamples=0",
        ("runs/sweeps/fusion/merge.yaml",),
    ),
    Tried(
        "ensemble.merge",
        "--ann=ann.json --pred=a=a.json --pred=b=b.json,categories=ann.json --out=on_ray --ray"
        " --calibration=calibration.json --no-evaluate",
        ("on_ray/result.json",),
    ),
)


@cache
def commands() -> dict[str, click.Command]:
    """Every command that a file of the project defines, by module and subcommand."""
    found: dict[str, click.Command] = {}
    for name in _modules_with_commands():
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, click.Group):
                found |= {f"{name} {word}": part for word, part in value.commands.items()}
            elif isinstance(value, click.Command) and value.name == "main":
                found[name] = value
    return found


def path_parameters(command: click.Command) -> dict[str, click.Parameter]:
    """Options and arguments that are paths, by how they are spelt."""
    return {p.opts[0]: p for p in command.params if isinstance(p.type, click.Path)}


def _modules_with_commands() -> Iterator[str]:
    for folder in SOURCES:
        for path in sorted(folder.rglob("*.py")):
            if "@click." not in (text := path.read_text()):
                continue
            functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
            decorators = [ast.unparse(d) for f in functions for d in f.decorator_list]
            if any(word.startswith(("click.command", "click.group")) for word in decorators):
                yield ".".join(path.relative_to(folder.parent).with_suffix("").parts)
