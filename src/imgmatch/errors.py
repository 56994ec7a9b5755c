"""All exceptions that imgmatch raises.

::

    ImgmatchError
    ├── InputError (ValueError)       the caller's data cannot be used
    │   ├── DecodeError               bytes that are not a readable image
    │   ├── ShapeError                an array of the wrong shape or dtype
    │   └── SourceError               an archive, table or list that cannot be read
    ├── RegistryError                 the registry on disk
    │   ├── RegistryVersionError      another schema or other parameters
    │   ├── RegistryCorruptError      a file is missing or damaged
    │   ├── RegistryLockedError       another process is writing to it
    │   ├── DuplicateReferenceError   another image has this id
    │   └── UnknownReferenceError (KeyError)  no original has this id
    ├── EvidenceError                 deposits, bundles and cases
    │   ├── TokenError                a time-stamp token that is no proof
    │   │   ├── TokenMismatchError    it was made for other data
    │   │   ├── TokenUntrustedError   no chain to a root the caller named
    │   │   └── TokenUnsupportedError its algorithms are not supported
    │   ├── FilingExpiredError        a deposit whose filing has expired
    │   ├── BundleError               a bundle that cannot be made or read
    │   │   └── UnsafeBundleError     an archive that must not be unpacked
    │   ├── LedgerError               a broken history, or a file without one
    │   ├── CaseError                 a step that a case does not allow
    │   └── ClaimError                a complaint that must not be drafted
    ├── ScanError                     a scan cannot start or continue
    │   └── ResumeError               the earlier scan there is a different one
    ├── WorkerError                   several worker processes died over one task
    ├── KernelError                   a kernel that this machine cannot run
    └── MissingExtraError (ImportError)  an optional package is not installed

Every exception passes all its arguments to its base class, so that worker
processes can pickle it.
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
    """Return why something failed: an error's own reason, or the system's message."""
    for name in ("reason", "strerror"):
        if reason := getattr(error, name, None):
            return str(reason)
    return str(error) or type(error).__name__


class ImgmatchError(Exception):
    """Base class of all errors that imgmatch raises on purpose."""


class InputError(ImgmatchError, ValueError):
    """The caller's data cannot be used."""


class DecodeError(InputError):
    """Bytes could not be read as an image.

    Attributes
    ----------
    source : str
        The path as given, or ``<bytes>`` / ``<array>``.
    reason : str
        What was expected and what was found.
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
        What was expected and what was found.
    """

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(source, reason)
        self.source, self.reason = source, reason

    def __str__(self) -> str:
        return f"cannot read {self.source}: {self.reason}"


class RegistryError(ImgmatchError):
    """The registry on disk cannot do what was requested."""


class RegistryVersionError(RegistryError):
    """The registry was made with another schema or with other parameters."""


class RegistryCorruptError(RegistryError):
    """A registry file is missing or its content has changed."""


class RegistryLockedError(RegistryError):
    """Another process is writing to the registry."""


class DuplicateReferenceError(RegistryError):
    """Another registered image already has this reference id."""


class UnknownReferenceError(RegistryError, KeyError):
    """No original has this reference id."""

    def __str__(self) -> str:
        return Exception.__str__(self)  # KeyError would quote the message


class EvidenceError(ImgmatchError):
    """A deposit, a bundle or a case cannot do what was requested."""


class TokenError(EvidenceError):
    """A time-stamp token does not prove what it should prove."""


class TokenMismatchError(TokenError):
    """The token was made for other data."""


class TokenUntrustedError(TokenError):
    """The token's certificate chain ends in none of the roots that the caller named."""


class TokenUnsupportedError(TokenError):
    """The token uses algorithms that this package cannot check."""


class FilingExpiredError(EvidenceError):
    """A deposit's filing with its authority has expired."""


class BundleError(EvidenceError):
    """An evidence bundle cannot be made or cannot be read."""


class UnsafeBundleError(BundleError):
    """An archive that must not be unpacked: its names or sizes are unsafe."""


class LedgerError(EvidenceError):
    """A ledger's history is broken, or the file contains none."""


class CaseError(EvidenceError):
    """The case's history does not allow this step."""


class ClaimError(EvidenceError):
    """A complaint must not be drafted for this case."""


class ScanError(ImgmatchError):
    """A scan cannot start or continue."""


class ResumeError(ScanError):
    """The earlier scan in this directory has other inputs, originals or parameters."""


class WorkerError(ImgmatchError):
    """More than one worker process died over the same image or shard."""


class MissingExtraError(ImgmatchError, ImportError):
    """A feature needs a package that is not installed.

    Attributes
    ----------
    purpose, package, extra : str
        The feature, the missing package, and the extra that installs it.
    """

    def __init__(self, purpose: str, package: str, extra: str) -> None:
        super().__init__(purpose, package, extra)
        self.purpose, self.package, self.extra = purpose, package, extra

    def __str__(self) -> str:
        return (
            f"{self.purpose} takes {self.package}, which is not installed: "
            f"pip install 'imgmatch-copy-detection[{self.extra}]'"
        )


class KernelError(ImgmatchError):
    """The named kernel does not exist or this machine cannot run it."""
