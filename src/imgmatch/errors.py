"""Every exception imgmatch raises.

::

    ImgmatchError
    ├── InputError (ValueError)       the caller's data cannot be used
    │   ├── DecodeError               bytes that are not a readable image
    │   ├── ShapeError                an array of the wrong shape or dtype
    │   └── SourceError               an archive, table or list that cannot be read
    ├── RegistryError                 the originals on disk
    │   ├── RegistryVersionError      written by, or for, other parameters
    │   ├── RegistryCorruptError      a file is missing or is not what was written
    │   ├── RegistryLockedError       another writer holds it
    │   ├── DuplicateReferenceError   the id is taken by other bytes
    │   └── UnknownReferenceError (KeyError)
    ├── ScanError                     a scan cannot begin, resume or go on
    │   ├── ResumeError               the scan begun there is another one
    │   └── WorkerError               worker processes keep dying
    ├── KernelError                   a kernel this machine cannot run
    └── MissingExtraError (ImportError)  an optional package is not installed

Every exception is built from all its arguments, so that it survives pickling
between worker processes.
"""

__all__ = [
    "DecodeError",
    "DuplicateReferenceError",
    "ImgmatchError",
    "InputError",
    "KernelError",
    "MissingExtraError",
    "RegistryCorruptError",
    "RegistryError",
    "RegistryLockedError",
    "RegistryVersionError",
    "ResumeError",
    "ScanError",
    "ShapeError",
    "SourceError",
    "UnknownReferenceError",
    "WorkerError",
]


class ImgmatchError(Exception):
    """Base of all errors that imgmatch raises on purpose."""


class InputError(ImgmatchError, ValueError):
    """The caller's data cannot be used as it is."""


class DecodeError(InputError):
    """Bytes could not be read as an image.

    Attributes
    ----------
    source : str
        The path as given, or ``<bytes>`` / ``<array>``.
    reason : str
        What was wanted and what came.
    """

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(source, reason)
        self.source, self.reason = source, reason

    def __str__(self) -> str:
        return f"cannot decode {self.source}: {self.reason}"


class ShapeError(InputError):
    """An array has the wrong shape, dtype or layout."""


class SourceError(InputError):
    """An archive, a table or a list of images cannot be read.

    Attributes
    ----------
    source : str
        Its path.
    reason : str
        What was wanted and what came.
    """

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(source, reason)
        self.source, self.reason = source, reason

    def __str__(self) -> str:
        return f"cannot read {self.source}: {self.reason}"


class RegistryError(ImgmatchError):
    """The registry on disk cannot do what was asked."""


class RegistryVersionError(RegistryError):
    """The registry was built with another schema or other parameters."""


class RegistryCorruptError(RegistryError):
    """A registry file is missing or does not hold what was written."""


class RegistryLockedError(RegistryError):
    """Another process is writing to the registry."""


class DuplicateReferenceError(RegistryError):
    """The reference id already stands for another image."""


class UnknownReferenceError(RegistryError, KeyError):
    """No original has this reference id."""

    def __str__(self) -> str:
        return Exception.__str__(self)  # KeyError would show the repr


class ScanError(ImgmatchError):
    """A scan cannot begin or go on."""


class ResumeError(ScanError):
    """The scan that was begun there had other inputs, originals or parameters."""


class WorkerError(ScanError):
    """Worker processes died again and again over the same shard."""


class MissingExtraError(ImgmatchError, ImportError):
    """What was asked for takes a package that is not installed.

    Attributes
    ----------
    purpose, package, extra : str
        What it is for, what is missing, and the extra that installs it.
    """

    def __init__(self, purpose: str, package: str, extra: str) -> None:
        super().__init__(purpose, package, extra)
        self.purpose, self.package, self.extra = purpose, package, extra

    def __str__(self) -> str:
        return (
            f"{self.purpose} takes {self.package}, which is not installed: "
            f"pip install 'imgmatch[{self.extra}]'"
        )


class KernelError(ImgmatchError):
    """The named kernel does not exist or this machine cannot run it."""
