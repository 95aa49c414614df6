"""What a site's configuration may say of a utility's server, and how a wrong word is told."""

from __future__ import annotations

import pytest

from tests.ieee2030_5.world import World


def test_grid_role_takes_no_set_points(tmp_path):
    with pytest.raises(ValueError, match="setpoints"):
        World(tmp_path / "certificates", role="grid", setpoints=1)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"device": "none"}, "device"), ({"device": "grid"}, "device"), ({"isolator": "battery"}, "isolator"),
        ({"pin": 111111}, "pin"), ({"max_w": 0}, "max_w"), ({"colour": 1}, "colour"), ({"port": 0}, "port"),
    ],
)  # fmt: skip
def test_wrong_options_are_told_by_name(tmp_path, options, told):
    with pytest.raises(ValueError, match=told):
        World(tmp_path / "certificates", **options)
