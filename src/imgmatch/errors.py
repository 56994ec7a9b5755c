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
    ├── MissingExtraError (ImportError)  an optional package is not installed
    └── KernelError                   a kernel this machine cannot run

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
    "ShapeError",
    "TokenError",
    "TokenMismatchError",
    "TokenUnsupportedError",
    "TokenUntrustedError",
    "UnknownReferenceError",
    "UnsafeBundleError",
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


class MissingExtraError(ImgmatchError, ImportError):
    """An optional package is not installed.

    Attributes
    ----------
    extra : str
        The extra of imgmatch that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(package, extra)
        self.package, self.extra = package, extra

    def __str__(self) -> str:
        return f"want {self.package}: pip install 'imgmatch[{self.extra}]'"


class KernelError(ImgmatchError):
    """The named kernel does not exist or this machine cannot run it."""
