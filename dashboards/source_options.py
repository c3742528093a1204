"""Options of commands that show result files and pictures; no heavy imports."""

import click

from longtail.path_options import AbsolutePath, SourceWord


def words(_: click.Context, __: click.Parameter, text: str | None) -> tuple[str, ...]:
    """The words between commas, each once."""
    found = (word.strip() for word in (text or "").split(","))
    return tuple(dict.fromkeys(word for word in found if word))


pred_option = click.option(
    "--pred",
    "preds",
    type=SourceWord(),
    multiple=True,
    metavar="NAME=PATH[,OPTION=VALUE...]",
    help="Result file of any tool; repeatable. NAME: letters, digits, '.', '_' and '-'. Options:"
    " categories=FILE or coco, max_score=S.",
)
images_option = click.option(
    "--images",
    type=AbsolutePath(exists=True, file_okay=False),
    help="Folder of the pictures, where a source does not name it.",
)
categories_option = click.option(
    "--categories",
    callback=words,
    metavar="NAMES",
    help="Of the pictures, by name or id, as in cup,unicycle [default: in turn the rarest, worst,"
    " most changed].",
)
