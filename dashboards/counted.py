"""Numbers of things in words."""


def counted(count: int, what: str) -> str:
    """As in "1 image", "2 images" and "2 categories"."""
    several = f"{what[:-1]}ies" if what.endswith("ry") else f"{what}s"
    return f"{count:,} {what if count == 1 else several}"
