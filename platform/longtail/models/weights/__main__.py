"""Command: tell what a file of weights holds, and which detector would take it."""

from pathlib import Path

import click

from longtail.commands import run
from longtail.own_files import WEIGHTS
from longtail.path_options import AbsolutePath, NewFile, force_option


@click.command()
@click.argument("file", type=AbsolutePath())
@click.option("--json", "json_path", type=NewFile(WEIGHTS), help="Write the facts here.")
@force_option
@click.option("--trust", is_flag=True, help="Unpickle anything: this can run code of the author.")
def main(file: Path, json_path: Path | None, trust: bool) -> None:
    """Tell what a file of weights holds, and which detector would take it.

    FILE is a detectron2 checkpoint (.pth, or .pkl of its model zoo), torchvision's Mask R-CNN, a
    node's model.pt, or a timm state dict. Its digest, its tensors by part and the settings that fit
    its shapes are shown. Nothing in the file is run without --trust.

    \b
    Examples:
      python -m longtail.models.weights model_final_f10217.pkl
      python -m longtail.models.weights model.pt --json facts.json
    """
    from longtail.models.weights.file import read_weights
    from longtail.models.weights.summary import show, summarize, write_summary

    summary = summarize(read_weights(file, trust))
    if json_path:
        write_summary(summary, json_path)
    show(summary)


if __name__ == "__main__":
    run(main)
