"""Fixtures that every test module may use."""

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import skimage.data
from authority import Authority
from bundles import LISTING, NOON, listing, original
from numpy.typing import NDArray
from pictures import draw

from imgmatch.evidence.bundle import Attachment, build
from imgmatch.evidence.depositing import Deposit, deposit, renew
from imgmatch.evidence.ledger import Ledger
from imgmatch.evidence.material import MaterialKind, Party, examine_material
from imgmatch.registry import Registry

# Shared machines: how long an example takes says nothing about the code.
hypothesis.settings.register_profile("imgmatch", deadline=None)
hypothesis.settings.load_profile("imgmatch")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240229)


@pytest.fixture(scope="session")
def photo() -> NDArray[np.uint8]:
    """(300, 451, 3) uint8 RGB, read-only: a real photograph with odd sides."""
    pixels = np.array(skimage.data.chelsea(), dtype=np.uint8)
    pixels.flags.writeable = False
    return pixels


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A registry of three originals."""
    with Registry.create(tmp_path / "registry") as registry:
        for seed in range(3):
            registry.add(draw(seed), reference_id=f"{seed}", owner="Studio")
    return tmp_path / "registry"


# Evidence


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A time-stamp authority."""
    return Authority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="session")
def catalogue() -> Iterator[Registry]:
    """A registry of four of the examples' originals."""
    with Registry.temporary() as opened:
        for name in ("dandelion.jpg", "fig.jpg", "motorcycle.jpg", "cat.jpg"):
            opened.add(original(name), reference_id=name, owner="owner-17", work="w")
        yield opened


@pytest.fixture(scope="session")
def held(
    authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> list[Deposit]:
    """A verified deposit of dandelion.jpg and its renewal."""
    with Ledger(tmp_path_factory.mktemp("ledger") / "ledger.sqlite") as ledger:
        made = deposit(
            ledger,
            original("dandelion.jpg"),
            depositor="owner-17",
            work="w",
            kind=MaterialKind.ORIGINAL,
            authority="Service",
            at=NOON,
            transport=authority,
            roots=authority.roots,
        )
        return [made, renew(ledger, made, authority, roots=authority.roots, at=NOON)]


@pytest.fixture(scope="session")
def bundle(catalogue: Registry, held: list[Deposit], authority: Authority) -> bytes:
    """A bundle with everything there is to put into one."""
    suspect = listing("dandelion-chain.jpg")
    material = examine_material(
        original("dandelion.jpg"),
        kind=MaterialKind.ORIGINAL,
        party=Party.OWNER,
        suspect=suspect,
    )
    contract = examine_material(
        b"%PDF a contract", kind=MaterialKind.MODEL_CONTRACT, party=Party.OWNER
    )
    return build(
        suspect,
        catalogue,
        "dandelion.jpg",
        made=NOON,
        listing=LISTING,
        original=original("dandelion.jpg"),
        deposits=held,
        attachments=[Attachment(material), Attachment(contract, b"%PDF a contract")],
        transport=authority,
    )


@pytest.fixture(scope="session")
def plain(catalogue: Registry) -> bytes:
    """A bundle with nothing but what must be in it."""
    return build(listing("cat-mirrored.png"), catalogue, "cat.jpg", made=NOON)
