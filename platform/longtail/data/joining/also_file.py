"""An annotation file that `--also` gives beside the training file."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from longtail.data.lvis.annotations import Annotations, open_annotations


@dataclass(frozen=True)
class AlsoFile:
    """A file by the name under which configurations mean it.

    Attributes:
        name: No part of what is computed.
        path: The annotation file.
        images: Folder of its pictures.
        by_name: Categories without a synset are those of the training file of the same name.
        exhaustive: Every category of the file is labelled in each of its images.
        digest: SHA-256 of the file in hex; "" before it was opened.
    """

    name: str
    path: Path
    images: Path
    by_name: bool = False
    exhaustive: bool = False
    digest: str = ""

    @property
    def identity(self) -> str:
        """What of it decides about a training: the content, and how it is read."""
        words = [word for word in ("by_name", "exhaustive") if getattr(self, word)]
        return "-".join([self.digest, *words])

    @classmethod
    def recalled(cls, name: str, identity: str) -> Self:
        """A file of which only the identity is remembered; it has no place."""
        digest, *words = identity.split("-")
        return cls(name, Path(), Path(), "by_name" in words, "exhaustive" in words, digest)

    def opened(self) -> "AlsoFile":
        """With its digest and absolute paths.

        Raises:
            BadInputError: The file cannot be used.
            OSError: There is no such file.
        """
        annotations = self.annotations()
        return replace(
            self,
            path=self.path.resolve(),
            images=self.images.resolve(),
            digest=annotations.digest,
        )

    def annotations(self) -> Annotations:
        """What is in it.

        Raises:
            BadInputError: The file cannot be used.
            OSError: There is no such file.
        """
        return open_annotations(self.path, exhaustive=self.exhaustive)
