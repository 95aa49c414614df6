"""What a site's configuration may say of an OpenADR source, and how a wrong word is told."""

import subprocess
import sys

import pytest

from boards.cpython.openadr.ven import Ven
from boards.cpython.peers import open_peers
from boards.sources import add_source
from boards.startup import StartError
from tests.shared.site import TwinSite

ROW = {"name": "flex", "kind": "openadr", "role": None, "power_max_w": 11000}
OPTIONS = {"url": "https://vtn.example/openadr3", "ven_name": "house-12"}


def loop():
    site = TwinSite()
    site.boot()
    return site.loop


def peers_of(found):
    return found.sources.peers


def test_a_source_of_the_configuration_becomes_a_ven_that_only_claims():
    found = loop()
    add_source({**ROW, "options": dict(OPTIONS)}, found)
    (ven,) = peers_of(found)
    assert isinstance(ven, Ven) and ven.desk.authority.role == "aggregator" and ven.options["poll_s"] == 60


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"url": "http://vtn.example"}, "url"),
        ({"token_url": "http://login.example"}, "token_url"),
        ({"ven_name": ""}, "ven_name"),
        ({"poll_s": 1}, "poll_s"),
        ({"primacy": 0}, "primacy"),
        ({"targets": {"car": "nobody"}}, "nobody"),
        ({"targets": {"car": 5}}, "targets car"),
        ({"targets": ["car"]}, "targets"),
        ({"client_id": "x"}, "client_secret"),
        ({"webhook": "https://x"}, "webhook"),
        ({"notices": "post"}, "mqtt, webhook, none"),
        ({"notices": "webhook", "callback_port": 8443}, "callback_url is missing"),
        ({"notices": "webhook", "callback_url": "https://home.example/oadr"}, "callback_port is missing"),
        ({"callback_port": 8443}, "callback_port = 8443: expected with notices = 'webhook' only"),
        (
            {"notices": "none", "callback_url": "https://home.example/oadr"},
            "callback_url = 'https://home.example/oadr'",
        ),
        ({"notices": "webhook", "callback_url": "http://home.example", "callback_port": 8443}, "https://"),
        ({"notices": "webhook", "callback_url": "https://home.example", "callback_port": 65536}, "callback_port"),
        ({"simple": [60, 30]}, "simple"),
        ({"simple": [30, 60, 0]}, "falling"),
        ({"simple": [101, 60, 0]}, "simple"),
        ({"simple": [60, 30, -1]}, "simple"),
        ({"simple": [60.0, 30, 0]}, "simple"),
        ({"simple": 5}, "simple"),
    ],
)
def test_a_wrong_option_is_one_sentence_with_its_key(changes, why):
    with pytest.raises(ValueError, match=why):
        add_source({**ROW, "options": {**OPTIONS, **changes}}, loop())


def test_a_role_that_a_programme_cannot_have_is_refused():
    with pytest.raises(ValueError, match="role"):
        add_source({**ROW, "role": "owner", "options": dict(OPTIONS)}, loop())


@pytest.mark.parametrize(
    ("mode", "text", "why"), [(0o644, "secret", "chmod 600"), (None, "", "No such file"), (0o600, b"\xff", "ASCII")]
)
def test_a_secret_that_others_may_read_or_nobody_can_ends_the_start(tmp_path, mode, text, why):
    if mode is not None:
        path = tmp_path / "vtn.secret"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
    found = loop()
    add_source({**ROW, "options": {**OPTIONS, "client_id": "x", "client_secret": "vtn.secret"}}, found)
    with pytest.raises(StartError, match=why):
        open_peers(found, tmp_path)


def test_nothing_of_it_is_loaded_by_an_agent_without_such_a_source():
    code = "import sys, boards.cpython.gateway; print([n for n in sys.modules if 'openadr' in n or n == 'aiohttp'])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("module", ["openadr.ven", "s2.source"])
def test_a_machine_without_the_extra_says_what_to_install(module):
    code = f"import sys; sys.modules['aiohttp'] = None; import boards.cpython.{module}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ValueError: [[source]] of kind openadr or s2: needs pip install '.[gateway,markets]'" in done.stderr
