"""Command: average finished trainings of one recipe into a node that grids can name."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from longtail.commands import output_console, run
from longtail.path_options import SharedPath

if TYPE_CHECKING:
    from longtail.cluster.soups.ingredients import Ingredient


@click.command()
@click.argument("nodes", metavar="NODE [NODE ...]", nargs=-1, required=True)
@click.option(
    "--runs",
    default="runs",
    envvar="LONGTAIL_RUNS",
    show_default=True,
    show_envvar=True,
    type=SharedPath(exists=True, file_okay=False, writes=True),
    help="Where the trainings are, and the average goes.",
)
@click.option("--dry-run", is_flag=True, help="Check and compare the trainings, and write nothing.")
def main(nodes: tuple[str, ...], runs: Path, dry_run: bool) -> None:
    """Average the weights of finished trainings of one recipe: a model soup.

    NODE is the id of a training in RUNS/nodes, the path of its folder, or that of a row
    (runs/grids/TABLE/ROW), which has test-time settings of its own. All need the same detector,
    last classifier and training categories; they may differ in seed, schedule, optimizer and
    augmentations. The average is a node, too: a row of a grid, by ROW=NODE.

    \b
    Example:
      python -m longtail.cluster.soup stage-0123456789ab stage-ba9876543210
    """
    from longtail.cluster.nodes.provenance import provenance
    from longtail.cluster.soups.ingredients import find_ingredients
    from longtail.cluster.soups.soup import average, is_made, soup_node, write_soup

    ingredients = find_ingredients(nodes, runs)
    node = soup_node(ingredients)
    if is_made(ingredients, runs):
        said = "found finished"
    else:
        soup = average(ingredients)
        if soup.taken:
            kept = f"those of {ingredients[0].id} are kept, as {soup.taken[0]}"
            click.echo(f"counts that no prediction reads differ ({len(soup.taken)}): {kept}")
        if not dry_run:
            write_soup(soup, runs, provenance())
        said = "to be made" if dry_run else "made"
    _print_ingredients(ingredients, f"{node.id}: {node.label}, {said}")
    _print_next(node.id, ingredients, runs)


def _print_ingredients(ingredients: "list[Ingredient]", title: str) -> None:
    from longtail.cluster.soups.agreement import differences, start_together
    from longtail.printed_table import PrintedTable, number_columns, text_columns, word_columns

    trainings = [ingredient.trained for ingredient in ingredients]
    columns = [*word_columns("ingredient"), *text_columns("what"), *number_columns("seed")]
    table = PrintedTable(title, [*columns, *text_columns("what differs")])
    for trained, facts in zip(trainings, differences(trainings), strict=True):
        told = ", ".join(f"{path}={value}" for path, value in facts.items() if path != "seed")
        table.add(trained.node.id, trained.node.label, str(trained.node.seed), told or "-")
    output_console().print(table)
    if not start_together(trainings):
        click.echo(
            "warning: the ingredients do not start from the same weights; averages of trainings"
            " that start apart rarely work: compare the row with those of its ingredients"
        )


def _print_next(soup: str, ingredients: "list[Ingredient]", runs: Path) -> None:
    from longtail.cluster.soups.next_grid import grid_command

    words = grid_command(soup, [ingredient.id for ingredient in ingredients], runs)
    click.echo("next: evaluate it beside its ingredients; nothing is trained")
    click.echo(f"  {' '.join(words)}")


if __name__ == "__main__":
    run(main)
