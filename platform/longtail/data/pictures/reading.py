"""The facts of many picture files, read by threads and remembered."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from longtail.data.pictures.header import PictureFacts, read_facts
from longtail.data.pictures.memory import Facts, Known, recall, remember, size_and_time
from longtail.progress import picture_progress

# On network storage a header is mostly waited for.
NUM_THREADS = 16
FILES_OF_A_TASK = 32


def read_all(files: Sequence[Path], memory: Path) -> list[PictureFacts]:
    """The facts of each picture, in order: see `read_remembered`."""
    return read_remembered(files, memory, PictureFacts, read_facts)


def read_remembered(
    files: Sequence[Path], memory: Path, kind: type[Facts], read: Callable[[Path], Facts]
) -> list[Facts]:
    """The facts of each file, in order.

    Args:
        files: Picture files that are there.
        memory: Where facts of an earlier reading may be, and where these are kept.
        kind: What `read` gives.
        read: Reads a file; called by several threads.
    """
    stamps = {str(file): size_and_time(file) for file in files}
    before = recall(memory, kind)
    known: Known[Facts] = {
        path: before[path]
        for path, stamp in stamps.items()
        if path in before and before[path][0] == stamp
    }
    new = [path for path in stamps if path not in known]
    if new:
        facts = _read_new(new, read)
        known |= {path: (stamps[path], fact) for path, fact in zip(new, facts, strict=True)}
        remember(memory, known)
    return [known[str(file)][1] for file in files]


def _read_new(paths: Sequence[str], read: Callable[[Path], Facts]) -> list[Facts]:
    def read_task(of_task: Sequence[str]) -> list[Facts]:
        return [read(Path(path)) for path in of_task]

    tasks = [paths[i : i + FILES_OF_A_TASK] for i in range(0, len(paths), FILES_OF_A_TASK)]
    facts: list[Facts] = []
    with picture_progress() as on_read, ThreadPoolExecutor(NUM_THREADS) as threads:
        for of_task in threads.map(read_task, tasks):
            facts += of_task
            on_read(len(facts), len(paths))
    return facts
