"""One P-256 key pair inside a token that speaks PKCS #11: made there, used there, never taken out.

Source: OASIS PKCS #11 v2.40: CKM_ECDSA takes a digest and gives r || s; CKA_EC_POINT is the point as a DER octet
string, which some modules leave out. Whatever is wrong is one sentence (TokenError), a wrong PIN above all: the
tries that a token grants are few, so the last one is never used up here.
"""

from __future__ import annotations

import os
from typing import Any

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass, TokenFlag
from pkcs11.exceptions import (
    MultipleTokensReturned,
    NoSuchToken,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
)

from agent.cose import SIGNATURE_BYTES
from boards.cpython.known_keys import DIGEST_BYTES, PUBLIC_KEY_BYTES, KnownKeys
from boards.cpython.token_uri import TokenError, TokenUri

# The object identifier 1.2.840.10045.3.1.7 (secp256r1) in DER.
P256 = bytes.fromhex("06082a8648ce3d030107")
OCTET_STRING_HEAD = bytes((4, PUBLIC_KEY_BYTES))
KEY_ID_BYTES = 8
WRONG_PIN = (PinIncorrect, PinInvalid, PinLenRange)


class Token:
    """An open session with a token; `sign` may be called after `find`. Not for two threads at a time."""

    def __init__(self, uri: TokenUri, *, writable: bool = False) -> None:
        """Start the module anew, which ends any older session with it, and log in. Raises: TokenError, KeyFileError."""
        self.uri = uri
        self._keys = KnownKeys()
        try:
            token = _token(uri)
            if token.flags & (TokenFlag.USER_PIN_FINAL_TRY | TokenFlag.USER_PIN_LOCKED):
                raise TokenError(
                    f"token {uri.token!r}: its PIN is locked or has one try left, which is not used up here"
                )
            self._session = token.open(rw=writable, user_pin=uri.pin())
        except WRONG_PIN as error:
            raise TokenError(f"token {uri.token!r}: refuses the PIN") from error
        except PinLocked as error:
            raise TokenError(f"token {uri.token!r}: its PIN is locked") from error
        except PKCS11Error as error:
            raise TokenError(f"token {uri.token!r}: {_said(error)}") from error

    def find(self) -> bytes:
        """Return the public key (SEC1 uncompressed) of a pair that signs. Raises: TokenError."""
        try:
            private = self._one(ObjectClass.PRIVATE_KEY)
            public = self._one(ObjectClass.PUBLIC_KEY)
            if bytes(public[Attribute.EC_PARAMS]) != P256:
                raise TokenError(f"{self.uri}: not a P-256 key")
            if private[Attribute.EXTRACTABLE]:
                raise TokenError(f"{self.uri}: the token would hand it out (CKA_EXTRACTABLE): make a new one")
            self._private = private
            self._public_key = _point(bytes(public[Attribute.EC_POINT]))
        except PKCS11Error as error:
            raise TokenError(f"{self.uri}: {_said(error)}") from error
        self.sign(os.urandom(DIGEST_BYTES))  # a public key of the same label may be another's
        return self._public_key

    def generate(self) -> bytes:
        """Make a pair inside a token opened `writable`; return the public key. Raises: TokenError when there is one."""
        try:
            if self._all():
                raise TokenError(f"{self.uri} is there already: a key is never overwritten")
            curve = self._session.create_domain_parameters(KeyType.EC, {Attribute.EC_PARAMS: P256}, local=True)
            curve.generate_keypair(
                id=os.urandom(KEY_ID_BYTES),
                label=self.uri.key,
                store=True,
                capabilities=MechanismFlag.SIGN | MechanismFlag.VERIFY,
                public_template={Attribute.PRIVATE: False},
                private_template={Attribute.PRIVATE: True, Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
            )
        except PKCS11Error as error:
            raise TokenError(f"{self.uri}: {_said(error)}") from error
        return self.find()

    def erase(self) -> int:
        """Destroy all keys of the label in a token opened `writable`; return how many. Raises: TokenError."""
        try:
            found = self._all()
            for each in found:
                each.destroy()
        except PKCS11Error as error:
            raise TokenError(f"{self.uri}: {_said(error)}") from error
        return len(found)

    def sign(self, digest: bytes) -> bytes:
        """Return r || s over a digest. Raises: TokenError, also when the token's answer is no signature by its key."""
        try:
            signature = bytes(self._private.sign(digest, mechanism=Mechanism.ECDSA))
        except PKCS11Error as error:
            raise TokenError(f"{self.uri}: {_said(error)}") from error
        if len(signature) != SIGNATURE_BYTES or not self._keys.verify(self._public_key, digest, signature):
            raise TokenError(f"{self.uri}: what it signed does not verify with the public key of the same label")
        return signature

    def close(self) -> None:
        """End the session; one that is dead already stays so."""
        try:
            self._session.close()
        except PKCS11Error:
            return

    def _all(self) -> list[Any]:
        return self._of(ObjectClass.PRIVATE_KEY) + self._of(ObjectClass.PUBLIC_KEY)

    def _of(self, kind: ObjectClass) -> list[Any]:
        # To its end: the binding ends a search that was left half-way much later, in whatever session is open then.
        return list(self._session.get_objects({Attribute.CLASS: kind, Attribute.LABEL: self.uri.key}))

    def _one(self, kind: ObjectClass) -> Any:
        found = [each for each in self._of(kind) if each.key_type == KeyType.EC]
        if len(found) != 1:
            word = "private" if kind == ObjectClass.PRIVATE_KEY else "public"
            count = "several" if found else "no"
            raise TokenError(f"{self.uri}: there are {count} {word} EC keys of this label")
        return found[0]


def _token(uri: TokenUri) -> pkcs11.Token:
    if not uri.module.is_file():
        raise TokenError(f"module-path: there is no PKCS #11 module {uri.module}")
    try:
        module = pkcs11.lib(str(uri.module))
        module.reinitialize()
        return module.get_token(token_label=uri.token)
    except NoSuchToken as error:
        raise TokenError(f"module {uri.module} has no token {uri.token!r}") from error
    except MultipleTokensReturned as error:
        raise TokenError(f"module {uri.module} has several tokens {uri.token!r}") from error
    except PKCS11Error as error:
        raise TokenError(f"module {uri.module}: {_said(error)}") from error


def _point(encoded: bytes) -> bytes:
    return encoded.removeprefix(OCTET_STRING_HEAD) if len(encoded) > PUBLIC_KEY_BYTES else encoded


def _said(error: PKCS11Error) -> str:
    """Return the error's name in the standard's words, and what the module adds to it."""
    return f"{type(error).__name__} {error}".strip()
