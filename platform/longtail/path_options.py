"""Paths of the command line, made absolute where they are taken: workers run in other folders.

A link stays the path of the link: the rows of a grid are links, and are called by their names.
"""

import os
import re
import shlex
from pathlib import Path

import click

from longtail.own_files import DRAWINGS, begins_as

SUBMITTED_JOB = "RAY_JOB_CONFIG_JSON_ENV_VAR"
"""Set by Ray in the process of a submitted job."""
REMEDY = "give an absolute path on storage that every machine sees"
RENAME = "give another name"
INDEX_PAGE = "index.html"
PAGE_MARK = b'<meta name="generator" content="longtail">'
"""Near the start of every page that a command writes."""
_FORCE = "longtail.force"
_READ, _WRITTEN = "longtail.read", "longtail.written"
_INDICES = (b"row,", b"trial,", b"kind,")
"""What `longtail.results` calls the first column of a grid, a sweep and a merge."""
_A_NAME = re.compile(r"[\w.-]+")


class AbsolutePath(click.Path[Path]):
    """A path, absolute from here on.

    Args:
        exists: Whether it must be there.
        file_okay: Whether it may be a file.
        dir_okay: Whether it may be a folder.
    """

    def __init__(self, exists: bool = False, file_okay: bool = True, dir_okay: bool = True) -> None:
        super().__init__(exists=exists, file_okay=file_okay, dir_okay=dir_okay, path_type=Path)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        """The absolute path.

        Raises:
            click.BadParameter: It is not there, not what it must be, or read and written.
        """
        path = super().convert(value, param, ctx).absolute()
        if self.exists:
            _refuse_both(path, _READ, _WRITTEN, param, ctx)
        return path


class SourceWord(click.ParamType[str]):
    """NAME=PATH[,OPTION=VALUE...], whose file no output of the command may replace."""

    name = "source"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word as it is.

        Raises:
            click.BadParameter: Its file is to be replaced.
        """
        _, _, rest = value.partition("=")
        path, *_ = rest.split(",")
        _refuse_both(Path(path).absolute(), _READ, _WRITTEN, param, ctx)
        return value


class SharedPath(AbsolutePath):
    """A path that workers on other machines use, and that a submitted job must find or keep.

    Args:
        exists: Whether it must be there.
        file_okay: Whether it may be a file.
        dir_okay: Whether it may be a folder.
        writes: Whether something is written there.
    """

    def __init__(
        self,
        exists: bool = False,
        file_okay: bool = True,
        dir_okay: bool = True,
        *,
        writes: bool = False,
    ) -> None:
        super().__init__(exists, file_okay, dir_okay)
        self._writes = writes

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        """The absolute path.

        Raises:
            click.BadParameter: A submitted job would lose or cannot find it, it is not there, or
                not what it must be.
        """
        try:
            shared_path(Path(value), writes=self._writes)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return super().convert(value, param, ctx)


class NewPath(SharedPath):
    """A file or folder that a command makes.

    What has the name already is refused, unless `--force` is given: see `force_option`. That
    replaces what the command could have written, and no other file: results and annotations stand
    where outputs do. A file's folder must be there before anything runs.

    Args:
        begins: Of `longtail.own_files`: how a file begins that may be replaced.
        file_okay: Whether it may be a file.
        holds: What a folder has in it that may be replaced; None where it is to be a file.
    """

    def __init__(self, *begins: bytes, file_okay: bool = True, holds: str | None = None) -> None:
        super().__init__(file_okay=file_okay, dir_okay=holds is not None, writes=True)
        self._begins, self._holds = begins, holds

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        """The absolute path.

        Raises:
            click.BadParameter: It is there, its folder is not, or a submitted job would lose it.
        """
        path = super().convert(value, param, ctx)
        if self._holds is None and not path.parent.is_dir():
            self.fail(f"{value}: make the folder {short_path(path.parent)} first", param, ctx)
        if path.is_dir():
            self._check_folder(path, value, param, ctx)
        elif path.is_file() and not self._is_own(path):
            self.fail(f"{value} exists and is {self._no_own}; {RENAME}", param, ctx)
        elif path.exists() and not self._may_replace(path, ctx):
            self.fail(f"{value} exists; give another name, or replace it with --force", param, ctx)
        _refuse_both(path, _WRITTEN, _READ, param, ctx)
        return path

    @property
    def _no_own(self) -> str:
        return "no file of this command's"

    def _is_own(self, path: Path) -> bool:
        return begins_as(path, self._begins)

    def _may_replace(self, path: Path, ctx: click.Context | None) -> bool:
        return ctx is not None and bool(ctx.meta.get(_FORCE))

    def _check_folder(
        self,
        path: Path,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> None:
        if not any(path.iterdir()):
            return
        if self._holds is None or not (path / self._holds).is_file():
            self.fail(f"{value} exists and holds something else; give another name", param, ctx)
        if not self._may_replace(path, ctx):
            self.fail(f"{value} exists; give another name, or replace it with --force", param, ctx)


class NewFile(NewPath):
    """A file that is written when all is done.

    Args:
        begins: As of `NewPath`.
    """

    def __init__(self, *begins: bytes) -> None:
        super().__init__(*begins)


class NewPage(NewFile):
    """An HTML page that is written when all is done."""

    @property
    def _no_own(self) -> str:
        return "no page of Longtail's"

    def _is_own(self, path: Path) -> bool:
        return is_page(path)


class NewPages(NewPath):
    """A folder of HTML pages, or one page where the name ends in .html; replaced as `NewPage` is.

    A folder that may be replaced has an `index.html` of such a command.
    """

    def __init__(self) -> None:
        super().__init__(holds=INDEX_PAGE)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        """The absolute path.

        Raises:
            click.BadParameter: Something else is there, or it cannot be written.
        """
        if Path(value).suffix == ".html":
            return NewPage().convert(value, param, ctx)
        path = Path(value)
        if path.is_file():
            self.fail(f"{value} exists and is a file; {RENAME}", param, ctx)
        if (path / INDEX_PAGE).is_file() and not is_page(path / INDEX_PAGE):
            self.fail(f"{value} exists and holds something else; {RENAME}", param, ctx)
        return super().convert(value, param, ctx)


def is_page(path: Path) -> bool:
    """Whether a file says that it is a page of ours."""
    with path.open("rb") as file:
        return PAGE_MARK in file.read(1000)


class DrawnFile(NewFile):
    """A picture or page that is written when all is done, in the format that its name ends with.

    Args:
        formats: Endings without the dot, such as "svg".
    """

    def __init__(self, *formats: str) -> None:
        super().__init__(*(DRAWINGS[name] for name in formats))
        self._formats = formats

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        """The absolute path.

        Raises:
            click.BadParameter: Its name ends with no such format, or it cannot be written.
        """
        if Path(value).suffix.removeprefix(".") not in self._formats:
            *others, last = [f".{name}" for name in self._formats]
            text = f"{value}: give a name that ends with {', '.join(others)} or {last}"
            self.fail(text, param, ctx)
        return super().convert(value, param, ctx)


class ResultTable(NewFile):
    """A CSV of results that the same command writes again when it goes on, without `--force`."""

    def __init__(self) -> None:
        super().__init__(*_INDICES)

    def _may_replace(self, path: Path, ctx: click.Context | None) -> bool:
        return True


def remember_force(ctx: click.Context, _: click.Parameter, force: bool) -> bool:
    """Keep it for the paths, which are taken after eager options."""
    ctx.meta[_FORCE] = force
    return force


force_option = click.option(
    "--force",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=remember_force,
    help="Replace output that is there.",
)
"""Lets every `NewPath` of a command be there."""


class DataSetPath(SharedPath):
    """A path, or the name of a data set, which stays as it is."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        """The absolute path, or the name.

        Raises:
            click.BadParameter: It is a relative path that a submitted job cannot find.
        """
        path = Path(value)
        return path if names_data_set(path) else super().convert(value, param, ctx)


def _refuse_both(
    path: Path,
    use: str,
    other_use: str,
    param: click.Parameter | None,
    ctx: click.Context | None,
) -> None:
    """Refuse a file that the command both reads and replaces, in whatever order it is named."""
    if ctx is None or not path.is_file():
        return
    ctx.meta.setdefault(use, []).append(path)
    if any(path.samefile(other) for other in ctx.meta.get(other_use, [])):
        text = f"{short_path(path)} would be read and replaced; give the output another name"
        raise click.BadParameter(text, ctx, param)


def short_path(path: Path) -> str:
    """A path as it is shown: relative to the working directory where it is below that."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def typed(path: Path) -> str:
    """A path as it is typed in a shell, relative as above."""
    return shlex.quote(short_path(path))


def names_data_set(given: Path) -> bool:
    """Whether a word is the name of a data set: no file is there, and none is meant."""
    name = str(given)
    ends_as_file = name.endswith((".json", ".gz"))
    return not given.exists() and not ends_as_file and _A_NAME.fullmatch(name) is not None


def shared_path(path: Path, *, writes: bool = False) -> Path:
    """The absolute path of something that workers on other machines use.

    A submitted job runs in a folder that Ray unpacked for it, with what `ray job submit
    --working-dir` sent, and that is thrown away.

    Args:
        path: As given; a pattern of files is taken too.
        writes: Whether something is written there.

    Raises:
        ValueError: A submitted job would lose it, or cannot find it.
    """
    if SUBMITTED_JOB in os.environ and not path.is_absolute():
        if writes:
            raise ValueError(
                f"{path}: a submitted job runs in a folder that is thrown away; {REMEDY}"
            )
        if not path.exists() and not any(Path().glob(str(path))):
            raise ValueError(
                f"{path}: not among the files that were sent with this submitted job"
                f" (--working-dir, without what runtime_env.yaml excludes); {REMEDY}"
            )
    return path.absolute()
