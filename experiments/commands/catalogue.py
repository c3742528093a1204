"""The variants and tables that can be asked for by name."""

from collections.abc import Iterable, Sequence

from experiments.commands.grid.merges import with_members
from experiments.variants import MERGES, TABLES, VARIANTS
from longtail.cluster.nodes.node import stage_node
from longtail.commands import output_console
from longtail.config.classifiers import Calibrated, Classifier, Double
from longtail.config.test_time.tta import TTA
from longtail.config.variant import Inference, Variant
from longtail.printed_table import PrintedTable, number_columns, text_columns, word_columns

DEFAULT = Inference()


def print_catalogue() -> None:
    """List every variant, merge and table by name."""
    console = output_console()
    console.print(_variants())
    console.print(_merges())
    console.print(_tables())


def num_trainings(variants: Sequence[Variant]) -> int:
    """How many stages a grid of these rows trains with one seed: those they share count once."""
    # Other files are not there yet: one name stands for one file.
    files = {name: name for variant in variants for stage in variant.stages for name in stage.files}
    nodes = {
        stage_node(variant, number, label="", inputs={}, parent=None, also=files).id
        for variant in variants
        for number in range(len(variant.stages))
    }
    return len(nodes)


def _variants() -> PrintedTable:
    shown = text_columns("classifier of each stage", "sampler", "at test time", "data, rules")
    table = PrintedTable("variants", [*word_columns("name"), *shown])
    for name, variant in VARIANTS.items():
        classifiers = _chain(_classifier(stage.classifier) for stage in variant.stages)
        samplers = _chain(stage.sampler.name for stage in variant.stages)
        table.add(name, classifiers, samplers, _test_time(variant), _origin(variant))
    return table


def _merges() -> PrintedTable:
    columns = [*word_columns("name"), *text_columns("members", "of --pred", "options")]
    table = PrintedTable("merges of variants", columns)
    for name, merge in MERGES.items():
        options = ", ".join(f"{key}={value}" for key, value in merge.keys().items())
        table.add(name, ", ".join(merge.members), ", ".join(merge.experts), options)
    return table


def _tables() -> PrintedTable:
    columns = [*word_columns("--table"), *number_columns("stages to train"), *text_columns("rows")]
    table = PrintedTable("tables", columns)
    for name, rows in TABLES.items():
        stages = num_trainings([VARIANTS[row] for row in with_members(rows)])
        table.add(name, str(stages), ", ".join(rows))
    return table


def _chain(words: Iterable[str]) -> str:
    return " > ".join(words)


def _classifier(classifier: Classifier) -> str:
    match classifier:
        case Double(first=first, second=second):
            return f"double({first.name}, {second.name})"
        case Calibrated(head=head):
            return f"calibrated({head})"
        case _:
            return classifier.name


def _test_time(variant: Variant) -> str:
    """What changes scores: the merge of two heads, their adjustment, another threshold, views."""
    inference = variant.inference
    words: list[str] = []
    if isinstance(variant.stages[-1].classifier, Calibrated):
        words.append(inference.head_merge.rule)
    if inference.score_adjustment.name != "none":
        words.append(inference.score_adjustment.name)
    if inference.score_threshold != DEFAULT.score_threshold:
        words.append(f"threshold {inference.score_threshold:g}")
    if inference.tta is not None:
        words += _views(inference.tta)
    return ", ".join(words)


def _views(tta: TTA) -> list[str]:
    """What test-time augmentation does besides uniting what the views find."""
    words = [f"{tta.num_views} views"]
    if not tta.is_union:
        words.append("shared proposals")
    if tta.suppression.name != "nms":
        words.append(tta.suppression.name.replace("_", " "))
    if any(not scale.is_everything for scale in tta.scales):
        words.append("valid ranges")
    if tta.rare_margin:
        words.append("margins")
    if tta.masks != "own":
        words.append(f"masks {tta.masks.replace('_', ' ')}")
    return words


def _origin(variant: Variant) -> str:
    data = "external, " if variant.external_data else ""
    return f"{data}{variant.rules}"
