"""`python -m longtail.data.synthetic`: a small long-tail data set that a CPU can learn."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from longtail.commands import output_console, run
from longtail.path_options import AbsolutePath

if TYPE_CHECKING:
    from longtail.data.synthetic.dataset import Parameters


@click.command()
@click.argument("out", type=AbsolutePath(file_okay=False))
@click.option("--images", default=96, show_default=True, help="Training images.")
@click.option("--val-images", type=int, help="Validation images.  [default: half of --images]")
@click.option("--unlabelled", type=int, help="Unlabelled ones.  [default: a quarter of --images]")
@click.option("--categories", default=30, show_default=True, help="Categories, 1 to 1320.")
@click.option("--size", default=128, show_default=True, help="Typical side of an image, pixels.")
@click.option("--seed", default=0, show_default=True, help="Same seed, same bytes.")
@click.option("--others", is_flag=True, help="Also boxes_only.json and all_boxes.json.")
@click.option("--force", is_flag=True, help="Write over other content of OUT.")
def main(
    out: Path,
    images: int,
    val_images: int | None,
    unlabelled: int | None,
    categories: int,
    size: int,
    seed: int,
    others: bool,
    force: bool,
) -> None:
    """Write a synthetic long-tail data set in LVIS v1 format to the folder OUT.

    Categories are shapes of a colour and a pattern; their image counts follow Zipf's law and give
    rare, common and frequent ones. Masks are the visible parts. Makes train.json, val.json,
    unlabelled.json and images/<split>/*.png. With --others, for learning from other data:
    boxes_only.json, images of boxes alone, of half of the categories and of foreign ones, and
    all_boxes.json, the boxes of all that the training images show, annotated or not.

    \b
    Examples:
      python -m longtail.data.synthetic /tmp/toy
      python -m longtail.data.synthetic /tmp/toy --images 400 --categories 60 --size 192 --seed 1
    """
    from longtail.data.synthetic.dataset import Parameters

    val_images = max(1, images // 2) if val_images is None else val_images
    unlabelled = images // 4 if unlabelled is None else unlabelled
    parameters = Parameters(images, val_images, unlabelled, categories, size, seed)
    if _write(out, parameters, force):
        _show_counts(out)
    else:
        click.echo(f"{out}: this data set is already there; nothing to do")
    if others:
        from longtail.data.synthetic.others import write_others

        write_others(out, parameters)


def _write(out: Path, parameters: "Parameters", force: bool) -> bool:
    from rich.console import Console
    from rich.progress import Progress

    from longtail.data.synthetic.dataset import write_dataset

    with Progress(
        console=Console(stderr=True), disable=not Console(stderr=True).is_terminal
    ) as bar:
        task = bar.add_task("painting", total=sum(parameters.counts))
        return write_dataset(out, parameters, force, painted=lambda: bar.advance(task))


def _show_counts(out: Path) -> None:
    import json

    from longtail.categories import GROUP_NAMES
    from longtail.printed_table import PrintedTable, number_columns, text_columns

    columns = [
        *text_columns("split"),
        *number_columns("images", "instances", *GROUP_NAMES.values()),
    ]
    table = PrintedTable(f"{out}: categories with an instance (their instances)", columns)
    for split in ("train", "val", "unlabelled"):
        tree = json.loads((out / f"{split}.json").read_text())
        labels = [a["category_id"] for a in tree.get("annotations", [])]
        cells = []
        for letter in GROUP_NAMES:
            group = {c["id"] for c in tree["categories"] if c["frequency"] == letter}
            inside = [label for label in labels if label in group]
            cells.append(f"{len(set(inside))} of {len(group)} ({len(inside)})")
        table.add(split, str(len(tree["images"])), str(len(labels)), *cells)
    output_console().print(table)


if __name__ == "__main__":
    run(main)
