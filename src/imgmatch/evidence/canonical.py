"""Write values in one canonical form, so that equal values have equal digests."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from imgmatch.errors import InputError

__all__ = ["canonical", "instant", "parse_instant", "sha256", "stated"]


def canonical(value: Any) -> bytes:
    """Write a JSON value as UTF-8 with sorted keys and without spaces.

    Python writes a float with the fewest digits that read back as the same float.

    Raises
    ------
    InputError
        If JSON cannot hold the value, or the value holds a NaN or an infinity.
    """
    try:
        text = json.dumps(
            value,
            sort_keys=True,
            ensure_ascii=False,
            allow_nan=False,
            separators=(",", ":"),
        )
        return text.encode()
    except (TypeError, ValueError) as error:
        raise InputError(f"want a JSON value: {error}") from error


def sha256(data: bytes) -> str:
    """Return the SHA-256 of the data as lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def instant(at: datetime) -> str:
    """Write a time in ISO 8601: in UTC, to the second.

    Raises
    ------
    InputError
        If the time has no zone.
    """
    if at.tzinfo is None:
        raise InputError(f"want a time with its zone, got {at.isoformat()}")
    return at.astimezone(UTC).isoformat(timespec="seconds")


def stated(at: datetime | None) -> str | None:
    """Write a time as `instant` does; return None for None."""
    return None if at is None else instant(at)


def parse_instant(text: str) -> datetime:
    """Read a time in ISO 8601.

    Raises
    ------
    InputError
        If the text is not such a time, or has no zone.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"want a time in ISO 8601, got {text!r}") from error
    instant(at)
    return at
