"""A token in software (SoftHSM 2), in a folder of its own, for tests of keys that never leave one."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.needs import lacking, needs_program

PIN, SO_PIN = "3141592", "2718281"
# SoftHSM locks the files of its object store (fcntl) around what it reads there for every signature.
HOLD = """
import fcntl, pathlib, select, sys
files = [path.open("r+b") for path in pathlib.Path(sys.argv[1]).rglob("*") if path.is_file()]
for file in files:
    fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
select.select([sys.stdin], [], [], 10)  # whoever waits in the test's own thread goes on then, and fails
"""
MODULES = ("softhsm/libsofthsm2.so", "*/softhsm/libsofthsm2.so")


class SoftToken:
    """A token `gateway`; SOFTHSM2_CONF names its folder while the test runs."""

    def __init__(self, folder: Path, environment: pytest.MonkeyPatch) -> None:
        """Make it; ends the test where SoftHSM is not installed."""
        self.folder = folder
        self._util = needs_program("softhsm2-util")
        self.module = _module()
        (folder / "tokens").mkdir()
        settings = folder / "softhsm2.conf"
        settings.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
        environment.setenv("SOFTHSM2_CONF", str(settings))
        environment.delenv("SITEWARD_PIN", raising=False)
        self.init("gateway")
        self.pin_file = folder / "agent.pin"
        self.pin_file.touch(mode=0o600)
        self.pin_file.write_text(PIN + "\n")

    def init(self, label: str) -> None:
        """Make one more token with the same PIN."""
        self.util("--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", SO_PIN)

    def put(self, key: ec.EllipticCurvePrivateKey, label: str, number: str = "a1") -> None:
        """Put a key into the token `gateway`."""
        pem = self.folder / "import.pem"
        pem.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.util("--import", str(pem), "--token", "gateway", "--label", label, "--id", number, "--pin", PIN)
        pem.unlink()

    def remove(self) -> None:
        """Take the token `gateway` away."""
        self.util("--delete-token", "--token", "gateway")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Let the token answer nobody meanwhile: another process has its files' locks, so a call inside it waits."""
        command = [sys.executable, "-c", HOLD, str(self.folder / "tokens")]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as holder:
            assert holder.stdin is not None and holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            try:
                yield
            finally:
                holder.stdin.close()

    def uri(self, key: str = "agent", token: str = "gateway", pin: str = "&pin-source=file:agent.pin") -> str:
        """Return how a configuration in `folder` names a key."""
        return f"pkcs11:token={token};object={key}?module-path={self.module}{pin}"

    def util(self, *arguments: str) -> None:
        """Run softhsm2-util on this folder."""
        done = subprocess.run([self._util, *arguments], env=os.environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def _module() -> Path:
    found = [path for pattern in MODULES for path in sorted(Path("/usr/lib").glob(pattern))]
    if not found:
        lacking('libsofthsm2.so is not installed (README.md, "Two commands")')
    return found[0]
