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
    ├── EvidenceError                 deposits, bundles and cases
    │   ├── TokenError                a time-stamp token that does not hold
    │   │   ├── TokenMismatchError    it stamps other data
    │   │   ├── TokenUntrustedError   no chain to a root that was named
    │   │   └── TokenUnsupportedError its algorithms cannot be checked here
    │   ├── FilingExpiredError        a deposit whose filing has lapsed
    │   ├── BundleError               a bundle that cannot be made or read
    │   │   └── UnsafeBundleError     an archive that must not be unpacked
    │   ├── LedgerError               a history that is broken or not one at all
    │   ├── CaseError                 a step that a case does not allow
    │   └── ClaimError                a complaint that must not be drafted
    ├── ScanError                     a scan cannot begin, resume or go on
    │   └── ResumeError               the scan begun there is another one
    ├── WorkerError                   worker processes died over one piece of work
    ├── KernelError                   a kernel this machine cannot run
    └── MissingExtraError (ImportError)  an optional package is not installed

Every exception is built from all its arguments, so that it survives pickling
between worker processes.
"""

__all__ = [
    "BundleError",
    "CaseError",
    "ClaimError",
    "DecodeError",
    "DuplicateReferenceError",
    "EvidenceError",
    "FilingExpiredError",
    "ImgmatchError",
    "InputError",
    "KernelError",
    "LedgerError",
    "MissingExtraError",
    "RegistryCorruptError",
    "RegistryError",
    "RegistryLockedError",
    "RegistryVersionError",
    "ResumeError",
    "ScanError",
    "ShapeError",
    "SourceError",
    "TokenError",
    "TokenMismatchError",
    "TokenUnsupportedError",
    "TokenUntrustedError",
    "UnknownReferenceError",
    "UnsafeBundleError",
    "WorkerError",
    "reason_of",
]


def reason_of(error: Exception) -> str:
    """Say why something failed: by the error's own reason, or as the system says it."""
    for name in ("reason", "strerror"):
        if reason := getattr(error, name, None):
            return str(reason)
    return str(error) or type(error).__name__


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


class EvidenceError(ImgmatchError):
    """A deposit, a bundle or a case cannot do what was asked."""


class TokenError(EvidenceError):
    """A time-stamp token does not prove what it should."""


class TokenMismatchError(TokenError):
    """The token stamps other data."""


class TokenUntrustedError(TokenError):
    """The token's signature leads to none of the roots that the caller named."""


class TokenUnsupportedError(TokenError):
    """The token is built with algorithms that cannot be checked here."""


class FilingExpiredError(EvidenceError):
    """A deposit's filing with its authority has lapsed."""


class BundleError(EvidenceError):
    """An evidence bundle cannot be made, or is not one."""


class UnsafeBundleError(BundleError):
    """An archive that must not be unpacked: its names or its sizes are a trap."""


class LedgerError(EvidenceError):
    """A ledger's history is broken, or the file holds none."""


class CaseError(EvidenceError):
    """A step that the case's history does not allow."""


class ClaimError(EvidenceError):
    """A complaint that must not be drafted."""


class ScanError(ImgmatchError):
    """A scan cannot begin or go on."""


class ResumeError(ScanError):
    """The scan that was begun there had other inputs, originals or parameters."""


class WorkerError(ImgmatchError):
    """Worker processes died, more than once, over the same image or shard."""


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
