"""Tables of the records, schema version and parameters of a registry."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from imgmatch import features, fingerprint, index
from imgmatch.errors import RegistryVersionError

__all__ = [
    "APPLICATION_ID",
    "FIXED_PARAMETERS",
    "REGISTRY_PARAMETERS",
    "SCHEMA",
    "SCHEMA_VERSION",
    "check_parameters",
    "check_version",
]

SCHEMA_VERSION: Final = 1
APPLICATION_ID: Final = 0x696D676D  # "imgm": file(1) and SQLite tools show it
SCHEMA: Final = """
CREATE TABLE parameter (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL  -- JSON
) WITHOUT ROWID;
CREATE TABLE segment_list (
    segment_list INTEGER PRIMARY KEY CHECK (segment_list = 1),  -- there is but one row
    segments TEXT NOT NULL,  -- JSON
    digest TEXT NOT NULL
);
CREATE TABLE original (
    reference_id TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    owner TEXT,
    work TEXT,
    series TEXT,
    source TEXT,
    registered TEXT NOT NULL,
    attributes TEXT NOT NULL,  -- JSON
    digest TEXT NOT NULL
) WITHOUT ROWID;
"""

FIXED_PARAMETERS: Final[Mapping[str, Any]] = fingerprint.FINGERPRINT_PARAMETERS
"""Parameters of the kept pictures and hashes. A rebuild of the index keeps them."""

REGISTRY_PARAMETERS: Final[Mapping[str, Any]] = {
    **FIXED_PARAMETERS,
    "reference_budget": features.REFERENCE_BUDGET,
    **index.INDEX_PARAMETERS,
}
"""All parameters. Those of the index may change: the pictures suffice to rebuild it."""


def check_version(version: int, path: Path) -> None:
    """Check that a registry has the schema version of this imgmatch.

    Raises
    ------
    RegistryVersionError
        If it has another.
    """
    if version != SCHEMA_VERSION:
        remedy = "" if version else "; it was never finished, create it again"
        raise RegistryVersionError(
            f"{path} has schema version {version}, "
            f"this imgmatch reads {SCHEMA_VERSION}{remedy}"
        )


def check_parameters(
    stored: Mapping[str, Any], path: Path, *, any_index: bool = False
) -> None:
    """Check that this imgmatch can read a registry and, unless `any_index`, search it.

    Raises
    ------
    RegistryVersionError
        If the registry was built with other parameters.
    """
    differing = sorted(
        name
        for name in (FIXED_PARAMETERS if any_index else {*stored, *REGISTRY_PARAMETERS})
        if stored.get(name) != REGISTRY_PARAMETERS.get(name)
    )
    if differing:
        remedy = "register the originals again"
        if not FIXED_PARAMETERS.keys() & differing:
            remedy = "`imgmatch registry rebuild-index` brings it up to date"
        raise RegistryVersionError(
            f"{path} was built with other parameters: "
            + ", ".join(
                f"{name} = {stored.get(name)!r}, want {REGISTRY_PARAMETERS.get(name)!r}"
                for name in differing
            )
            + f"; {remedy}"
        )
