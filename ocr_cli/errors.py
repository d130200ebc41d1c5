"""The one exception that a user can mend, and its few children."""

import errno
import re

# What would break a line or steer a terminal: control characters, line separators, and marks
# that turn the direction of writing.
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SHORT = ("cannot allocate memory", "failed to map segment", "can't start new thread")


def shown(text: str) -> str:
    r"""The text on one line, as it can be shown: a line break in a file's name as \n.

    >>> shown("a\nb.png")
    'a\\nb.png'
    """
    return _UNSHOWN.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def is_memory_short(failure: BaseException | None) -> bool:
    """Whether a lack of memory is behind a failure, or behind what led to it."""
    while failure is not None:
        if isinstance(failure, MemoryError):
            return True
        if isinstance(failure, OSError) and failure.errno == errno.ENOMEM:
            return True
        if any(sign in str(failure).lower() for sign in _SHORT):
            return True
        failure = failure.__cause__ or failure.__context__
    return False


class OcrError(Exception):
    """A failure: what failed and what to try, in one line; the command line prints it as `ocr: …`.

    Parameters
    ----------
    problem : str
        What is wrong, in the user's words, without a full stop.
    advice : str
        What to do about it; may be empty.
    source : str
        The file (or other input) at fault; may be empty.
    """

    exit_code = 1

    def __init__(self, problem: str, advice: str = "", source: str = "") -> None:
        super().__init__(problem, advice, source)
        self.problem, self.advice, self.source = problem, advice, source

    def __str__(self) -> str:
        where = f"{self.source}: " if self.source else ""
        return shown(where + self.problem + (f"; {self.advice}" if self.advice else ""))


class InputError(OcrError):
    """A picture, data set or text that cannot be used.

    Attributes
    ----------
    partial : what could be made of it all the same; None where that is nothing.
    """

    partial: object = None


class ModelError(OcrError):
    """A model file that is damaged, of a wrong kind, or not safe to load."""


class NoSuchModelError(ModelError):
    """The name of a model or language that there is none of."""

    exit_code = 2


class UsageError(OcrError):
    """Options that do not go together, or an option's value that makes no sense."""

    exit_code = 2


class ShortOfMemoryError(InputError):
    """Memory does not suffice, which nothing that was read is to blame for."""

    def __init__(self, source: str = "") -> None:
        super().__init__("memory is short", "close other programs, or use fewer --jobs", source)

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return type(self), (self.source,)


class MissingExtraError(OcrError):
    """An optional package is not installed."""

    exit_code = 2

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs {package}, which is not installed",
            f"install it with: pip install 'ocr-cli[{extra}]'",
        )
        self.package, self.extra, self.purpose = package, extra, purpose

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), (self.package, self.extra, self.purpose)
