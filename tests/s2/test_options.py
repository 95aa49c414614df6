"""What a site's configuration may say of a customer energy manager, and how a wrong word is told."""

import pytest

from boards.cpython.s2.source import EnergyManager
from boards.sources import add_source
from tests.shared.site import TwinSite

ROW = {"name": "cem", "kind": "s2", "role": None, "power_max_w": 11000}
OPTIONS = {"url": "wss://cem.local/s2", "devices": ["charger"]}


def loop():
    site = TwinSite()
    site.boot()
    return site.loop


def test_a_source_of_the_configuration_becomes_resources_of_a_cem():
    found = loop()
    add_source({**ROW, "options": dict(OPTIONS)}, found)
    (manager,) = found.sources.peers
    assert isinstance(manager, EnergyManager) and [each.index for each in manager.managed] == [1]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"url": "ws://cem.local"}, "wss"),
        ({"url": "wss://me:word@cem.local"}, "a secret has a file"),
        ({"devices": []}, "devices"),
        ({"devices": ["nobody"]}, "nobody"),
        ({"devices": ["grid"]}, "no control type"),
        ({"devices": "charger"}, "devices"),
        ({"capacity_wh": {"battery": 5}}, "capacity_wh"),
        ({"lease_s": 1}, "lease_s"),
    ],
)
def test_a_wrong_option_is_one_sentence_with_its_key(changes, why):
    with pytest.raises(ValueError, match=why):
        add_source({**ROW, "options": {**OPTIONS, **changes}}, loop())
