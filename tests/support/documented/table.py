"""How each documented command is tried, and what is changed of it so that it runs here.

The words of the pages stand for files of the same names in the folder of `folder.py`, so that most
commands run as they are written. A command goes by the first entry of `WAYS` that it begins with.
"""

from dataclasses import dataclass
from enum import Enum


class Way(Enum):
    """How a command is tried.

    RUN: in this process, to its end. DRY: the same with `--dry-run`. PARSED: words and options are
    taken by the command's own parser, which looks for files too. MAKE: `make --dry-run`. COLLECTED:
    pytest finds its tests. SHELL: by a shell. NOT: not at all.
    """

    RUN = "run"
    DRY = "dry run"
    PARSED = "parsed"
    MAKE = "make"
    COLLECTED = "collected"
    SHELL = "shell"
    NOT = "not run"


@dataclass(frozen=True)
class Entry:
    """One line of the table.

    Attributes:
        begins: With what a command begins.
        way: How it is tried.
        why: The reason, unless it is run.
        instead: A command that then writes what later ones read.
    """

    begins: str
    way: Way
    why: str = ""
    instead: str = ""


NODE = "evaluation-0123456789ab"


@dataclass(frozen=True)
class Change:
    """Words of a page that are replaced before a command of it is tried."""

    page: str
    old: str
    new: str
    why: str


MINUTES = "a training; tests/experiments run some to their end"
SEARCH = "a search on Ray, which tests/ensemble/test_tune.py runs"
SERVICE = "starts or asks a service"
SHELL = "the shell's own"

WAYS = (
    Entry("experiments/grid.py --list", Way.RUN),
    Entry("experiments/grid.py --fields", Way.RUN),
    Entry("experiments/sweep.py --list", Way.RUN),
    Entry("experiments/preview.py", Way.RUN),
    Entry("experiments/grid.py", Way.DRY, MINUTES),
    Entry("experiments/sweep.py --space alpha", Way.PARSED, "needs rows that were trained"),
    Entry("experiments/sweep.py", Way.DRY, MINUTES),
    Entry("--set", Way.DRY, "options of a grid"),
    Entry("--pred", Way.RUN, "options of a merge"),
    Entry(
        "python -m ensemble.tune --pred r50=r50.json",
        Way.PARSED,
        SEARCH,
        instead="python -m ensemble.merge --pred r50=r50.json --pred x101=x101.json"
        " --pred htc=htc.json --ann lvis_v1_val.json --out tuned --no-evaluate",
    ),
    Entry("python -m dashboards.report runs/grids/heads --out", Way.RUN),
    Entry("python -m dashboards.report --ann", Way.RUN),
    Entry("python -m dashboards.report", Way.PARSED, "needs results of each kind"),
    Entry("python -m dashboards.ui", Way.PARSED, SERVICE),
    Entry("python -m dashboards.gallery", Way.PARSED, "tests/dashboards/test_gallery.py runs it"),
    Entry("python -m ensemble.", Way.RUN),
    Entry("python -m longtail.cluster.export", Way.PARSED, "needs detectron2 and a training"),
    Entry("python -m longtail.", Way.RUN),
    Entry("python -m dashboards.watch", Way.PARSED, "needs a grid that runs"),
    Entry("python -m dashboards.mlflow_views", Way.PARSED, SERVICE),
    Entry("python -m docs.studies.", Way.PARSED, "makes a data set of some size first"),
    Entry("python -c", Way.NOT, "the library is not among ours"),
    Entry("pytest", Way.COLLECTED, "the tests themselves"),
    Entry("make", Way.MAKE, "installs, or runs all"),
    Entry("ray", Way.PARSED, SERVICE),
    Entry("mkdir", Way.SHELL),
    Entry("pip", Way.NOT, "needs the package registry"),
    Entry("pre-commit", Way.NOT, "the library is not among ours"),
    Entry(".", Way.NOT, SHELL),
    Entry("export", Way.NOT, SHELL),
)

EVALUATION = "docs/evaluation.md"
TASK = "one task of the array, without the scheduler"
NOT_OF_COCO = "the made-up categories are none of COCO's"
CHANGES = (
    Change(
        "docs/ensemble.md",
        "coco=coco.json,categories=coco",
        "coco=x101.json,categories=lvis_v1_val.json",
        NOT_OF_COCO,
    ),
    Change(
        "docs/grid.md",
        "coco=coco.json,categories=coco",
        "coco=b.json,categories=val.json",
        NOT_OF_COCO,
    ),
    Change("docs/diagnosis.md", "<node>", NODE, "a node has a name"),
    Change(EVALUATION, "<node>", NODE, "a node has a name"),
    Change(EVALUATION, "/8 --part", "/2 --part", "64 images are two blocks"),
    Change(EVALUATION, "sbatch --array=1-8 --wrap 'python", "python", TASK),
    Change(EVALUATION, "$SLURM_ARRAY_TASK_ID.npz'", "3.npz", TASK),
    Change(EVALUATION, "$SLURM_ARRAY_TASK_ID", "1", TASK),
    Change("docs/detectron2.md", "model_final.pth ...", "model_final.pth", "the rest is left out"),
    Change(
        "docs/detectron2.md",
        "--train lvis_v1_train --val lvis_v1_val",
        "--train lvis_v1_train.json --val lvis_v1_val.json --images coco",
        "data sets by name need detectron2",
    ),
    Change("docs/detectron2.md", "R-50.pkl", "model_final.pth", "a file of weights in its place"),
    Change("docs/sweeps.md", "--workers 8 --gpus-per-worker 1", "", "a machine without GPU"),
    Change("docs/jobs.md", "/shared/", "shared/", "the folder of the test is shared"),
)

ABSENT = {"docs/convert.md": ("train.json", "val.json"), "docs/predictions.md": ("preds",)}
"""What a page's folder lacks at first, because the page makes it."""

FIRST = {
    "docs/predictions.md": "command('python -m ensemble.convert results.json --ann val.json"
    " --to store --out preds/r50 --force')\nblocks_of = lambda shard: list(store.blocks())",
    "docs/results.md": "command('python -m ensemble.merge --pred a=a.json --pred b=b.json"
    " --ann val.json --out merged')",
    "docs/uncertainty.md": "from pathlib import Path\n"
    "from longtail.evaluation.lvis import evaluate\n"
    "annotations, folder_a = Path('val.json'), Path('matches')\n"
    "predictions_a, predictions_b = Path('a.json'), Path('b.json')\n"
    "runs = [evaluate(annotations, predictions_a), evaluate(annotations, predictions_b)]",
}
"""What comes before the Python of a page; `command` tries a command."""
