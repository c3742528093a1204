"""Making pseudo-labels on a worker group: the teacher predicts, and what is kept becomes a file."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from longtail.cluster.nodes.ledger import finish
from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.plan import DataFiles
from longtail.cluster.nodes.pseudo_labels import pseudo_labels_path
from longtail.cluster.pool.tasks import Run
from longtail.cluster.work.predict import predict_node
from longtail.config.other_data.pseudo_labels import AnyPseudoLabels, LearnedPseudoLabels
from longtail.config.variant import Inference, Variant
from longtail.data.joining.also_file import AlsoFile
from longtail.data.lvis.annotations import open_annotations
from longtail.inference.job import PredictionJob
from longtail.inference.pseudo_labels import Counted, write_image_list, write_pseudo_labels
from longtail.predictions.store import PredictionStore, Source

MARGIN = 1e-6
LISTED_IMAGES, STORE = "images.json", "predictions"


@dataclass(frozen=True)
class Labelling:
    """What is to be labelled.

    Attributes:
        node: The node of the pseudo-labels.
        labels: Which ones.
        variant: The variant, with absolute paths.
        stage: Index of the teacher.
        checkpoint: The teacher's.
        data: The files of the grid.
        directory: Of the node.
        loader_processes: Processes that read images ahead.
    """

    node: Node
    labels: AnyPseudoLabels
    variant: Variant
    stage: int
    checkpoint: Path
    data: DataFiles
    directory: Path
    loader_processes: int


def labelled_images(labels: AnyPseudoLabels, data: DataFiles) -> AlsoFile:
    """The file whose images are labelled, and their folder."""
    if isinstance(labels, LearnedPseudoLabels):
        return next(file for file in data.also if file.name == labels.file)
    return AlsoFile("train", data.train, data.images)


def make_pseudo_labels(of: Labelling, run: Run) -> None:
    """Predict, write the file and finish the node.

    Raises:
        ValueError: No image is kept to learn from.
        TaskFailedError: An image or the checkpoint cannot be used, or workers failed too often.
    """
    file = labelled_images(of.labels, of.data)
    images, training = file.annotations(), open_annotations(of.data.train)
    listed = of.directory / LISTED_IMAGES
    write_image_list(images, training.categories, listed)
    job = _prediction_job(of, listed, file.images)
    summary = predict_node(job, run)
    path = pseudo_labels_path(of.directory)
    store = PredictionStore.open(job.store)
    counted = write_pseudo_labels(store, images, training, of.labels, _provenance(of), path)
    if isinstance(of.labels, LearnedPseudoLabels) and not counted.images:
        raise ValueError(_nothing_kept(of.labels, file, store))
    files = [path, listed, *(entry for entry in job.store.iterdir() if entry.is_file())]
    finish(of.directory, files, {**summary, **_summary(counted)})


def _prediction_job(of: Labelling, listed: Path, images: Path) -> PredictionJob:
    labels = of.labels
    inference = Inference(short_side=labels.short_side, long_side_cap=labels.long_side_cap)
    # Much lower scores would only be written to be left out.
    inference = inference.replace(score_threshold=max(0.0, labels.min_score - MARGIN))
    teacher = of.variant.replace(
        stages=tuple(of.variant.stages[: of.stage + 1]), inference=inference
    )
    return PredictionJob(
        variant=teacher,
        stage=of.stage,
        checkpoint=of.checkpoint,
        annotations=listed,
        images=images,
        store=of.directory / STORE,
        source=Source(of.node.label, of.node.id, labels.short_side, flip=False),
        loader_processes=of.loader_processes,
    )


def _provenance(of: Labelling) -> dict[str, Any]:
    return {"node": of.node.id, **of.node.inputs, **of.node.config["pseudo_labels"]}


def _summary(counted: Counted) -> dict[str, int]:
    return {f"kept_{name}": number for name, number in asdict(counted).items()}


def _nothing_kept(labels: LearnedPseudoLabels, file: AlsoFile, store: PredictionStore) -> str:
    best = max((float(block.score.max(initial=0)) for block in store.blocks(False)), default=0.0)
    found = f"the best score is {best:.3f}" if best else "none has such a score"
    rule = " with a rare category" if labels.needs_rare else ""
    return (
        f"pseudo_labels: of the images of {file.path} none{rule} has a detection of at least"
        f" min_score {labels.min_score:g} ({found}); lower min_score"
        + (", set needs_rare=false" if labels.needs_rare else "")
        + ", or train the stage before for longer"
    )
