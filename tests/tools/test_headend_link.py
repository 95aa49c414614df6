"""The head-end's TLS key is refused when others may read it, as an agent's is."""

from __future__ import annotations

import pytest

from tools.certs import Authority
from tools.errors import UsageError
from tools.headend.config import BrokerAccess
from tools.headend.link import _context


def test_private_key_that_others_may_read_is_refused(tmp_path):
    authority = Authority(tmp_path)
    head_end = authority.client("head-end")
    access = BrokerAccess("localhost", 8883, "localhost", authority.files.cert, head_end.cert, head_end.key)
    assert _context(access)
    head_end.key.chmod(0o644)
    with pytest.raises(UsageError, match=r"head-end.key: group or others may use this private key"):
        _context(access)
