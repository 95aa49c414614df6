"""Takes pages apart for tests: the envelope around the header, the salt, the records."""

from __future__ import annotations

from agent import cbor, cose

_PAGE = b"\x83"
_BEFORE_PAYLOAD_BYTES = 17  # tag, array, protected header, empty map
_SIGNATURE_BYTES = 66  # with its head


class Opened:
    """A page as it was sent."""

    def __init__(self, raw: bytes) -> None:
        assert raw[:1] == _PAGE
        _, size_bytes, began = cbor.head_at(raw, 1 + _BEFORE_PAYLOAD_BYTES)
        end = began + size_bytes + _SIGNATURE_BYTES
        self.envelope = raw[1:end]
        self.signed_bytes = cose.open_envelope(self.envelope)[1]
        self.header = cbor.decode(self.signed_bytes)
        self.salt, self.records = cbor.decode(b"\x82" + raw[end:])
        assert self.header[:2] == [1, 1] and self.header[5] == len(self.records)
        self.agent, self.epoch, self.first_seq = self.header[2:5]
        self.last_seq = self.first_seq + len(self.records) - 1
        self.base_s = self.header[8]
        self.facts = [cbor.decode(record) for record in self.records]
