"""The facts of many picture files, read by threads and remembered."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from longtail.data.pictures.header import PictureFacts, read_facts
from longtail.data.pictures.memory import Known, recall, remember, size_and_time
from longtail.progress import picture_progress

# On network storage a header is mostly waited for.
NUM_THREADS = 16
FILES_OF_A_TASK = 32


def read_all(files: Sequence[Path], memory: Path) -> list[PictureFacts]:
    """The facts of each file, in order.

    Args:
        files: Picture files that are there.
        memory: Where facts of an earlier reading may be, and where these are kept.
    """
    stamps = {str(file): size_and_time(file) for file in files}
    before = recall(memory)
    known: Known = {
        path: before[path]
        for path, stamp in stamps.items()
        if path in before and before[path][0] == stamp
    }
    new = [path for path in stamps if path not in known]
    if new:
        facts = _read_new(new)
        known |= {path: (stamps[path], fact) for path, fact in zip(new, facts, strict=True)}
        remember(memory, known)
    return [known[str(file)][1] for file in files]


def _read_new(paths: Sequence[str]) -> list[PictureFacts]:
    tasks = [paths[i : i + FILES_OF_A_TASK] for i in range(0, len(paths), FILES_OF_A_TASK)]
    facts: list[PictureFacts] = []
    with picture_progress() as on_read, ThreadPoolExecutor(NUM_THREADS) as threads:
        for read in threads.map(_read_task, tasks):
            facts += read
            on_read(len(facts), len(paths))
    return facts


def _read_task(paths: Sequence[str]) -> list[PictureFacts]:
    return [read_facts(Path(path)) for path in paths]
