"""What a stranger's JSON cannot do: nest without end, or say a number that takes minutes to write out."""

import json
from decimal import Decimal

import pytest

from boards.cpython.openadr.events import event_of
from boards.cpython.openadr.vtn import _lasts_s
from boards.cpython.strict_json import DEPTH_MAX, Malformed, is_deeper, parsed


def nested(levels):
    return b"[" * levels + b"]" * levels


def test_a_document_is_read_up_to_its_depth():
    assert not is_deeper(parsed(nested(DEPTH_MAX)), DEPTH_MAX)
    with pytest.raises(Malformed, match="32 levels"):
        parsed(nested(DEPTH_MAX + 1))
    assert is_deeper([[]], 1) and not is_deeper([[1]], 2) and not is_deeper(1, 0)


@pytest.mark.parametrize("levels", [*range(900, 1010, 3), 100_000])
def test_whatever_was_read_can_be_checked_shown_and_written_again(levels):
    try:
        found = parsed(b'{"id":' + nested(levels) + b"}")
    except Malformed:
        return
    with pytest.raises(Malformed):
        event_of(found)
    json.dumps([found])


def test_a_token_lasts_as_long_as_a_server_can_mean():
    assert (_lasts_s(None), _lasts_s(Decimal(60)), _lasts_s("3599")) == (3600, 60, 3599)
    for absurd in (Decimal("1e20000"), Decimal("-1e999999999"), "9" * 4000, "1e9", True, []):
        with pytest.raises(Malformed, match="expires_in"):
            _lasts_s(absurd)
