"""Registries that other versions have written."""

import os
import shutil
import sqlite3

import numpy as np
import pytest
from PIL import Image as PILImage
from places import GOLDEN
from registries import bytes_of, keep_segments
from skimage import data

from imgmatch.errors import RegistryVersionError
from imgmatch.fingerprint import Role, fingerprint
from imgmatch.registry import Registry
from imgmatch.registry.schema import REGISTRY_PARAMETERS, SCHEMA_VERSION

REGISTRIES = GOLDEN / "registry"
"""One registry for each schema. Set IMGMATCH_REWRITE_GOLDEN to rewrite the newest."""


def pictures():
    for name in ("chelsea", "coffee", "astronaut"):
        picture = PILImage.fromarray(getattr(data, name)()).resize((160, 120))
        yield f"{name}.png", np.asarray(picture)


def write_golden(folder):
    """Write four live originals and a removed one, in two segments."""
    shutil.rmtree(folder, ignore_errors=True)
    with keep_segments(), Registry.create(folder) as registry:
        for reference_id, pixels in pictures():
            registry.add(
                pixels,
                reference_id=reference_id,
                owner="Studio",
                work="Golden",
                attributes={"deposit": [1, "ä"]},
            )
        registry.commit()
        registry.add(np.asarray(data.rocket()[::4, ::4]), reference_id="rocket.png")
        registry.add(np.asarray(data.cat()[::4, ::4]), reference_id="cat.png")
        registry.commit()
        registry.remove("rocket.png")


def check_golden(registry, ids):
    assert set(registry) == set(registry.snapshot()) == ids
    assert list(registry.problems()) == []
    record = registry.get("coffee.png")
    assert (record.owner, record.work) == ("Studio", "Golden")
    for reference_id, pixels in pictures():
        query = fingerprint(pixels, role=Role.QUERY)
        kept = registry.fingerprint(reference_id)
        assert kept.sha256 == registry.get(reference_id).sha256 == query.sha256
        assert kept.hashes == query.hashes
        assert np.abs(kept.colour.pixels.astype(int) - pixels).mean() < 12
        assert (
            registry.snapshot().candidates(query, limit=3)[0].reference_id
            == reference_id
        )


def test_schema_reads_the_golden_registry(monkeypatch):
    """The registry is opened as on a read-only medium."""
    golden = REGISTRIES / f"{SCHEMA_VERSION}"
    if os.environ.get("IMGMATCH_REWRITE_GOLDEN"):
        write_golden(golden)
    monkeypatch.setattr(
        "imgmatch.registry.database._on_read_only_medium", lambda _: True
    )
    before = bytes_of(golden)
    with Registry.open(golden, read_only=True) as registry:
        ids = {reference_id for reference_id, _ in pictures()}
        check_golden(registry, ids | {"cat.png"})
        assert registry.get("astronaut.png").attributes == {"deposit": [1, "ä"]}
        assert registry.info().removed == 1
    assert bytes_of(golden) == before


def test_schema_of_today_equals_the_golden_registry(tmp_path):
    write_golden(tmp_path / "today")
    shutil.copytree(REGISTRIES / f"{SCHEMA_VERSION}", tmp_path / "golden")
    with (
        Registry.open(tmp_path / "today", read_only=True) as today,
        Registry.open(tmp_path / "golden", read_only=True) as golden,
    ):
        assert today.snapshot().id == golden.snapshot().id
        assert today.info().parameters == golden.info().parameters
        assert today.info().segments == golden.info().segments


@pytest.mark.parametrize(
    ("version", "words"),
    [(0, "create it again"), (2, "version 2"), (99, "version 99")],
)
def test_check_version_refuses_other_schemas(folder, version, words):
    connection = sqlite3.connect(folder / "registry.sqlite")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    for read_only in (False, True):
        with pytest.raises(RegistryVersionError, match=words):
            Registry.open(folder, read_only=read_only)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("fingerprint", "register the originals again"), ("index", "rebuild-index")],
)
def test_check_parameters_refuses_other_parameters(folder, monkeypatch, name, remedy):
    monkeypatch.setattr(
        "imgmatch.registry.schema.REGISTRY_PARAMETERS",
        {**REGISTRY_PARAMETERS, name: "another"},
    )
    for read_only in (False, True):
        with pytest.raises(RegistryVersionError, match=f"{name} = .*{remedy}"):
            Registry.open(folder, read_only=read_only)
