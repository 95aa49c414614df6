"""Every decoder over right bytes, damaged bytes and noise, in seconds; `make fuzz` goes on for as long as one likes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

# Where, how many bytes go, what comes instead.
edits = st.lists(st.tuples(st.integers(0, 1 << 14), st.integers(0, 6), st.binary(max_size=6)), min_size=1, max_size=4)


def edited(right, changes):
    """Return right bytes with a few places changed, dropped or filled in."""
    for at, gone, come in changes:
        place = at % (len(right) + 1)
        right = right[:place] + come + right[place + gone :]
    return right


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_right_is_taken(name):
    run, seeds = TARGETS[name]
    for right in seeds():
        assert run(right) is None, "a target raises for what is not documented"


@pytest.mark.parametrize("name", TARGETS)
def test_damage_ends_as_documented(name):
    run, seeds = TARGETS[name]

    @given(st.sampled_from(seeds()), edits)
    @settings(max_examples=60, deadline=None)
    def damaged(right, changes):
        assert run(edited(right, changes)) is None

    damaged()


@pytest.mark.parametrize("name", TARGETS)
def test_noise_ends_as_documented(name):
    @given(st.binary(max_size=300))
    @settings(max_examples=60, deadline=None)
    def noise(raw):
        assert TARGETS[name][0](raw) is None

    noise()
