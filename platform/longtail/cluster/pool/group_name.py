"""Names of worker groups, which Ray Train shows and tells its workers: each is used once."""

import os
import re
import uuid

NUMBER = re.compile(r"group-(\d+)-")


def new_group_name(number: int) -> str:
    """A name for the next group in a slot of the pool."""
    return f"group-{number}-{os.getpid()}-{uuid.uuid4().hex[:6]}"


def group_number(name: str) -> int | None:
    """The slot that a name was made for; None for other names."""
    found = NUMBER.match(name)
    return None if found is None else int(found[1])
