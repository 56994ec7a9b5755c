"""A real time-stamp authority on this machine: ``openssl ts`` with keys of its own."""

import datetime
import shutil
import subprocess

import pytest

DAY = datetime.timedelta(days=1)
needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="wants the openssl command"
)

_CONFIG = """
[ tsa ]
default_tsa = this
[ this ]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512{more}
ess_cert_id_alg = sha256
{chain}
"""


class Authority:
    """Root, intermediate and signer; an instance is a transport.

    `begins` and `ends` are those of the signer's certificate, in days from now.
    With `chain`, tokens hold the intermediate too, as most authorities do.
    """

    def __init__(self, folder, *, begins=-1.0, ends=365.0, chain=False, digests=""):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        now = datetime.datetime.now(datetime.UTC)
        self.root, root_key = _certificate("Root", None, now - 9999 * DAY, 2**14, ca=1)
        issuer, issuer_key = self.root, root_key
        if chain:
            issuer, issuer_key = _certificate(
                "Middle", (self.root, root_key), now - 999 * DAY, 2**11, ca=1
            )
        signer, key = _certificate(
            "Signer", (issuer, issuer_key), now + begins * DAY, ends - begins, ca=0
        )
        (folder / "serial").write_text("01")
        (folder / "tsa.pem").write_bytes(_pem(signer))
        (folder / "chain.pem").write_bytes(_pem(issuer) + _pem(signer))
        (folder / "tsa.key").write_bytes(_key_pem(key))
        (folder / "root.pem").write_bytes(_pem(self.root))
        line = f"certs = {folder}/chain.pem" if chain else ""
        config = _CONFIG.format(folder=folder, more=digests, chain=line)
        (folder / "tsa.cnf").write_text(config)

    @property
    def roots(self):
        return [self.root]

    def __call__(self, request):
        (self.folder / "request.tsq").write_bytes(request)
        return self.reply("-queryfile", self.folder / "request.tsq")

    def reply(self, *arguments):
        command = ("openssl", "ts", "-reply", "-config", self.folder / "tsa.cnf")
        answer = self.folder / "answer.tsr"
        subprocess.run(
            [*command, *arguments, "-out", answer], check=True, capture_output=True
        )
        return answer.read_bytes()

    def stamp_with(self, digest, data):
        """A token over another digest of some data, such as SM3."""
        (self.folder / "data").write_bytes(data)
        query = self.folder / "other.tsq"
        subprocess.run(
            [
                *("openssl", "ts", "-query", "-data", self.folder / "data"),
                *(f"-{digest}", "-cert", "-out", query),
            ],
            check=True,
            capture_output=True,
        )
        return self.reply("-queryfile", query)


def _certificate(name, issuer, begins, days, *, ca):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    usage = dict.fromkeys(
        (
            *("digital_signature", "content_commitment", "key_encipherment"),
            *("data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"),
            *("encipher_only", "decipher_only"),
        ),
        False,
    )
    usage["key_cert_sign" if ca else "digital_signature"] = True
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + days * DAY)
        .add_extension(x509.BasicConstraints(bool(ca), None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
    )
    if not ca:
        purpose = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(purpose, critical=True)
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256()), key


def _pem(certificate):
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def _key_pem(key):
    from cryptography.hazmat.primitives import serialization as s

    return key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
