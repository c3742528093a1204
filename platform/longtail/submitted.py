"""Paths of a command that runs as a job submitted to Ray.

Such a job runs in a folder that Ray unpacked for it, with what `ray job submit --working-dir` sent,
and that is thrown away. A relative path there is not what it was where the command was typed.
"""

import os
from collections.abc import Mapping
from pathlib import Path

ABSOLUTE = "give an absolute path on storage that every machine sees"


def in_submitted_job() -> bool:
    """Whether Ray's job server started this process."""
    return "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ


def check_submitted(reads: Mapping[str, Path], writes: Mapping[str, Path]) -> None:
    """Refuse paths that a submitted job cannot find or would lose, before anything runs.

    Args:
        reads: What is read, by the option that names it.
        writes: What is written, the same way.

    Raises:
        ValueError: There is one.
    """
    if not in_submitted_job():
        return
    for option, path in writes.items():
        if not path.is_absolute():
            raise ValueError(
                f"{option} {path}: a submitted job runs in a folder that is thrown away; {ABSOLUTE}"
            )
    for option, path in reads.items():
        if not path.is_absolute() and not any(Path().glob(str(path))):
            raise ValueError(
                f"{option} {path}: not among the files that were sent with this submitted job"
                f" (--working-dir, without what runtime_env.yaml excludes); {ABSOLUTE}"
            )
