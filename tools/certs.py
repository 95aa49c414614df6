"""TLS certificates for a test or a demonstration, made on the spot: an authority, a broker, its clients.

P-256 throughout. Each certificate is written twice, as PEM for a gateway and as DER for a board; private keys are
PKCS 8 and readable by their owner only. A fleet takes its certificates from its operator, not from here.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAYS = 30


class CertFiles:
    """Where one certificate and its key lie, for a gateway (PEM) and for a board (DER)."""

    def __init__(self, folder: Path, name: str) -> None:
        self.cert = folder / f"{name}.crt"
        self.key = folder / f"{name}.key"
        self.cert_der = folder / f"{name}.crt.der"
        self.key_der = folder / f"{name}.key.der"


class Authority:
    """Signs certificates into `folder`; its own are `ca.crt` and `ca.crt.der`, its key stays in memory."""

    def __init__(self, folder: Path, name: str = "Siteward demonstration authority") -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self._name = _common_name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(
            self._name, self._key.public_key(), x509.BasicConstraints(ca=True, path_length=0), _usage(signs=True)
        )
        self.files = CertFiles(folder, "ca")
        _write_cert(self.files, certificate)

    def server(self, file_name: str = "server", host: str = "localhost") -> CertFiles:
        """Issue a certificate for `host`, and for 127.0.0.1 and ::1 when that is localhost."""
        names: list[x509.GeneralName] = [x509.DNSName(host)]
        if host == "localhost":
            names += [x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", "::1")]
        return self._issue(file_name, host, ExtendedKeyUsageOID.SERVER_AUTH, x509.SubjectAlternativeName(names))

    def client(self, name: str) -> CertFiles:
        """Issue a certificate that says `CN=name`."""
        return self._issue(name, name, ExtendedKeyUsageOID.CLIENT_AUTH)

    def _issue(
        self, file_name: str, common_name: str, purpose: x509.ObjectIdentifier, *more: x509.ExtensionType
    ) -> CertFiles:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(
            _common_name(common_name),
            key.public_key(),
            x509.BasicConstraints(ca=False, path_length=None),
            _usage(signs=False),
            x509.ExtendedKeyUsage([purpose]),
            *more,
        )
        files = CertFiles(self.folder, file_name)
        _write_cert(files, certificate)
        _write_private(files.key, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        _write_private(files.key_der, key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
        return files

    def _sign(
        self, subject: x509.Name, public_key: ec.EllipticCurvePublicKey, *extensions: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))  # boards' clocks may be a little behind
            .not_valid_after(now + datetime.timedelta(days=DAYS))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        for extension in extensions:
            critical = isinstance(extension, x509.BasicConstraints | x509.KeyUsage)
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self._key, hashes.SHA256())


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _write_cert(files: CertFiles, certificate: x509.Certificate) -> None:
    files.cert.write_bytes(certificate.public_bytes(Encoding.PEM))
    files.cert_der.write_bytes(certificate.public_bytes(Encoding.DER))


def _write_private(path: Path, key: bytes) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as private:
        private.write(key)
