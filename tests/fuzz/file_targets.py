"""Files that people hand over: keys in every form, names of keys in tokens, a head-end's configuration."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from boards.cpython.private_file import KeyFileError
from boards.cpython.signer import FileSigner
from boards.cpython.token_uri import EXAMPLE, SCHEME, TokenError, TokenUri
from tests.needs import ROOT
from tests.tools import evidence as e
from tools.errors import UsageError
from tools.headend import load_settings
from tools.keys import load_private, load_public

KEY = e.private_key(5)
PUBLIC = e.public_bytes(KEY).hex()
HEAD_END = (ROOT / "docs" / "headend.md").read_text().split("```toml")[1].split("```")[0]


def key_file(raw: bytes) -> None:
    """A file is a key of P-256, the same for gateway and tools, or is refused with a sentence."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key"
        path.write_bytes(raw)
        path.chmod(0o600)
        public = private = None
        with contextlib.suppress(UsageError):
            public = load_public(str(path))
        with contextlib.suppress(UsageError):
            private = e.public_bytes(load_private(path))
        try:
            assert FileSigner(path).public_key == private
        except KeyFileError:
            assert private is None or len(raw) == 32  # what a board reads
    assert public is None or len(public) == 65
    assert private is None or public == private or b"PUBLIC KEY" in raw


def key_file_seeds() -> list[bytes]:
    """Return a private and a public key in each form, and a private key of another curve."""
    other = ec.derive_private_key(5, ec.SECP384R1())
    return [
        KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
        KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        KEY.private_numbers().private_value.to_bytes(32, "big"),
        bytes.fromhex(PUBLIC),
        PUBLIC.encode() + b"\n",
        other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ]


def token_uri(raw: bytes) -> None:
    """A key's name in a token has all that is needed, or is refused with a sentence that shows no PIN."""
    uri = SCHEME + raw.decode(errors="surrogateescape")
    try:
        named = TokenUri(uri, Path("/folder"))
    except TokenError as refused:
        assert "pin-value=" not in uri or refused.args[0].startswith("a PIN has no place")
        return
    assert "pin-value=" not in uri
    assert named.token and named.key and str(named.module)


def token_uri_seeds() -> list[bytes]:
    """Return the documented name, and one with every attribute and an escape."""
    every = b"token=my%20gateway;object=agent;type=private?module-path=/lib/m.so&pin-source=file:/run/pin"
    return [EXAMPLE.removeprefix(SCHEME).encode(), every, b"token=t;object=o?module-path=m&pin-value=1234"]


def head_end_config(raw: bytes) -> None:
    """A configuration of a head-end is refused with a sentence, or it has all that a head-end needs."""
    path = FOLDER / "HEADEND.toml"
    path.write_bytes(raw)
    try:
        settings = load_settings(path)
    except UsageError:
        return
    assert len({agent.agent for agent in settings.agents}) == len(settings.agents)
    assert 1 <= settings.broker.port <= 65535 and all(len(agent.public_key) == 65 for agent in settings.agents)


def head_end_config_seeds() -> list[bytes]:
    """Return the documented configuration, and one of two agents and two authorities."""
    right = HEAD_END.replace("04…", PUBLIC).replace("6a15…", "6a150b0e83b344c8")
    more = f'\n[[agent]]\nname = "b"\npublic_key = "{e.public_bytes(e.private_key(6)).hex()}"\nrevoked = []\n'
    more += '[[authority]]\nname = "vpp"\nrole = "aggregator"\nkey = "vpp.key"\n'
    return [right.encode(), (right + more).encode(), right.replace("revoked", "public_key").encode()]


KEPT = tempfile.TemporaryDirectory(prefix="siteward-fuzz-")
FOLDER = Path(KEPT.name)
for _name in ("receipt", "dso", "vpp"):
    (FOLDER / f"{_name}.key").touch(mode=0o600)
    (FOLDER / f"{_name}.key").write_bytes(KEY.private_numbers().private_value.to_bytes(32, "big"))
