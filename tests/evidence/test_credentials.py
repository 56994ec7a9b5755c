"""Content credentials, signed by a signer that the test makes."""

import datetime
import io
import json
import sys

import pytest
from places import EXAMPLES

from imgmatch.errors import DecodeError, MissingExtraError
from imgmatch.evidence.credentials import Credentials, read_credentials
from imgmatch.evidence.material import Check, MaterialKind, Party, examine_material

c2pa = pytest.importorskip("c2pa")
PHOTO = (EXAMPLES / "originals/cat.jpg").read_bytes()
MANIFEST = {
    "claim_generator_info": [{"name": "test", "version": "1"}],
    "assertions": [
        {
            "label": "c2pa.actions",
            "data": {
                "actions": [
                    {
                        "action": "c2pa.created",
                        "digitalSourceType": "http://cv.iptc.org/newscodes/"
                        "digitalsourcetype/digitalCapture",
                    }
                ]
            },
        }
    ],
}


def certificate(name, issuer=None):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    signer, signer_key = issuer or (None, key)
    subject = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Test"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, name),
        ]
    )
    now = datetime.datetime.now(datetime.UTC)
    root = issuer is None
    usage = x509.KeyUsage(not root, *[False] * 4, root, *[False] * 3)
    identifiers = (
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
        x509.AuthorityKeyIdentifier.from_issuer_public_key(signer_key.public_key()),
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=9))
        .add_extension(x509.BasicConstraints(root, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifiers[0], critical=False)
        .add_extension(identifiers[1], critical=False)
    )
    if not root:
        purpose = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purpose, critical=False)
    return builder.sign(signer_key, hashes.SHA256()), key


def pem(one):
    from cryptography.hazmat.primitives.serialization import Encoding

    return one.public_bytes(Encoding.PEM)


@pytest.fixture(scope="module")
def root():
    return certificate("Root")


@pytest.fixture(scope="module")
def signed(root):
    from cryptography.hazmat.primitives import serialization as s

    leaf, key = certificate("Camera", root)
    private = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    info = c2pa.C2paSignerInfo(
        alg=b"es256",
        sign_cert=pem(leaf) + pem(root[0]),
        private_key=private,
        ta_url=None,
    )
    settings = {"builder": {"thumbnail": {"enabled": False}}}
    out = io.BytesIO()
    with (
        c2pa.Context.from_dict(settings) as context,
        c2pa.Signer.from_info(info) as signer,
        c2pa.Builder(json.dumps(MANIFEST), context) as builder,
    ):
        builder.sign(signer, "image/jpeg", io.BytesIO(PHOTO), out)
    return out.getvalue()


def test_read_credentials_trusts_only_a_root_that_vouches(signed, root):
    stranger = pem(certificate("Stranger")[0])

    assert read_credentials(signed, roots=pem(root[0])) is Credentials.TRUSTED
    assert read_credentials(signed) is Credentials.INTACT
    assert read_credentials(signed, roots=stranger) is Credentials.INTACT


def test_read_credentials_finds_none_in_an_unsigned_file():
    assert read_credentials(PHOTO) is Credentials.ABSENT


@pytest.mark.parametrize("what", ["pixels", "what was said"])
def test_read_credentials_finds_changes_after_signing(signed, root, what):
    changed = bytearray(signed)
    place = signed.index(b"digitalCapture") if what != "pixels" else -500
    changed[place] ^= 1
    found = read_credentials(bytes(changed), roots=pem(root[0]))

    assert found is Credentials.BROKEN


def test_read_credentials_refuses_other_files():
    with pytest.raises(DecodeError):
        read_credentials(b"no picture")


def test_credentials_support_material_only_if_trusted(signed, root):
    def outcome(data, roots):
        found = examine_material(
            data,
            kind=MaterialKind.ORIGINAL,
            party=Party.OWNER,
            credential_roots=roots,
        )
        return [(one.check, str(one.outcome)) for one in found.findings]

    changed = signed[:-500] + bytes([signed[-500] ^ 1]) + signed[-499:]
    check = Check.CONTENT_CREDENTIALS
    assert outcome(signed, pem(root[0])) == [(check, "supports")]
    assert outcome(signed, b"") == [(check, "open")]
    assert outcome(changed, b"") == [(check, "contradicts")]
    assert outcome(PHOTO, b"") == [(check, "open")]
    assert outcome(signed, None) == []


def test_read_credentials_without_the_extra_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(MissingExtraError, match=r"imgmatch-copy-detection\[c2pa\]"):
        read_credentials(PHOTO)
