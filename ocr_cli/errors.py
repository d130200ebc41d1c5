"""The one exception that a user can mend, and its few children."""


class OcrError(Exception):
    """What failed and what to try, in one line; the command line prints it as `ocr: …`.

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
        return where + self.problem + (f"; {self.advice}" if self.advice else "")


class InputError(OcrError):
    """A picture, data set or text that cannot be used.

    Attributes
    ----------
    partial : what could be made of it all the same; None where that is nothing.
    """

    partial: object = None


class ModelError(OcrError):
    """A model file that is damaged, of a wrong kind, or not safe to load."""


class UsageError(OcrError):
    """Options that do not go together, or an option's value that makes no sense."""

    exit_code = 2


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
