"""Canonical JSON and times."""

import json

import pytest
from bundles import NOON
from hypothesis import given
from hypothesis import strategies as st

from imgmatch.errors import InputError
from imgmatch.evidence.canonical import canonical, instant, parse_instant

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(values)
def test_canonical_reads_back_and_writes_the_same_again(value):
    data = canonical(value)
    assert canonical(json.loads(data)) == data


def test_canonical_sorts_keys_and_keeps_letters():
    assert canonical({"b": 1, "a": "证"}) == '{"a":"证","b":1}'.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"bytes"])
def test_canonical_refuses_what_json_cannot_hold(value):
    with pytest.raises(InputError, match="want a JSON value"):
        canonical({"value": value})


def test_parse_instant_refuses_times_without_a_zone():
    assert instant(parse_instant("2026-05-01T20:00:00+08:00")) == instant(NOON)
    with pytest.raises(InputError, match="zone"):
        parse_instant("2026-05-01T20:00:00")
    with pytest.raises(InputError, match="ISO 8601"):
        parse_instant("yesterday")
