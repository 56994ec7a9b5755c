"""Every exception imgmatch raises.

::

    ImgmatchError
    ├── InputError (ValueError)       the caller's data cannot be used
    │   ├── DecodeError               bytes that are not a readable image
    │   └── ShapeError                an array of the wrong shape or dtype
    ├── RegistryError                 the originals on disk
    │   ├── RegistryVersionError      written by, or for, other parameters
    │   ├── RegistryCorruptError      a file is missing or is not what was written
    │   ├── RegistryLockedError       another writer holds it
    │   ├── DuplicateReferenceError   the id is taken by other bytes
    │   └── UnknownReferenceError (KeyError)
    └── KernelError                   a kernel this machine cannot run

Every exception is built from all its arguments, so that it survives pickling
between worker processes.
"""

__all__ = [
    "DecodeError",
    "DuplicateReferenceError",
    "ImgmatchError",
    "InputError",
    "KernelError",
    "RegistryCorruptError",
    "RegistryError",
    "RegistryLockedError",
    "RegistryVersionError",
    "ShapeError",
    "UnknownReferenceError",
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


class KernelError(ImgmatchError):
    """The named kernel does not exist or this machine cannot run it."""
