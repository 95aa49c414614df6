"""Notifications over MQTT: a broker with TLS and passwords, and what a VEN makes of its words."""

import asyncio
import json
import shutil
import ssl
import subprocess
from contextlib import contextmanager

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from boards.cpython.openadr.notices import Notices, deleted_event
from boards.cpython.strict_json import Malformed
from tests.needs import needs_program
from tests.openadr.documents import event
from tests.openadr.site import rig
from tests.waiting import until
from tools.broker import _accepts, free_port

LIMIT = event(("IMPORT_CAPACITY_LIMIT", 5))


@contextmanager
def broker(folder, password=""):
    """Run mosquitto with TLS; with a password for one user, else for anybody."""
    port = free_port()
    lines = [f"listener {port} 127.0.0.1", f"certfile {folder}/server.crt", f"keyfile {folder}/server.key"]
    if password:
        tool = shutil.which("mosquitto_passwd") or needs_program("mosquitto_passwd")
        subprocess.run([tool, "-b", "-c", str(folder / "users"), "ven_client", password], check=True)
        lines.append(f"password_file {folder}/users")
    lines += [f"allow_anonymous {'false' if password else 'true'}", "user root"]
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
    process = subprocess.Popen(
        [needs_program("mosquitto"), "-c", str(folder / "mosquitto.conf")], stderr=subprocess.DEVNULL
    )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


def offer(port, **authentication):
    """Return what a VTN says of its broker."""
    return {
        "WEBHOOK": True,
        "MQTT": {
            "URIS": [f"mqtt://localhost:{port}", f"mqtts://localhost:{port}"],
            "serialization": "JSON",
            "authentication": authentication or {"method": "ANONYMOUS"},
        },
    }


async def say(folder, port, topic, notice, login=None):
    """Publish one notification as the VTN does."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.tls_set_context(ssl.create_default_context(cafile=str(folder / "ca.crt")))
    if login:
        client.username_pw_set(*login)
    client.connect("localhost", port)
    client.loop_start()
    await asyncio.to_thread(lambda: client.publish(topic, json.dumps(notice), qos=1).wait_for_publish(10))
    client.disconnect()
    client.loop_stop()


def heard(tmp_path, play, password=""):
    """Play against a rig whose VTN has a broker, once the VEN listens."""

    async def whole():
        async with rig(tmp_path, notices="none") as found:
            with broker(tmp_path, password) as port:
                assert await until(lambda: _accepts(port))
                method = {"method": "OAUTH2_BEARER_TOKEN", "username": "{clientID}"} if password else {}
                found.vtn.notifiers = offer(port, **method)
                await found.leave()
                found.options["notices"] = "mqtt"
                await found.join()
                assert await until(lambda: found.ven.notices is not None and found.ven.notices.connected)
                return await play(found, port)

    return asyncio.run(whole())


def test_a_notification_is_a_reason_to_look(tmp_path):
    async def play(found, port):
        found.vtn.events = [LIMIT]
        notice = {"objectType": "EVENT", "operation": "CREATE", "object": {**LIMIT, "id": "another"}}
        await say(tmp_path, port, "vens/ven-0/events/create", notice)
        assert await until(lambda: found.ven.agenda.events.known)
        return list(found.ven.agenda.events.known), [each["venName"] for each in found.vtn.vens], found.vtn.resources

    known, vens, resources = heard(tmp_path, play)
    assert known == ["e1"], "the list is the truth, not what the notification holds"
    assert vens == ["house-12"] and [each["resourceName"] for each in resources] == ["charger"]


def test_a_notified_deletion_cancels_with_one_list(tmp_path):
    async def play(found, port):
        found.vtn.events = [LIMIT]
        await found.poll()
        before, found.vtn.events = found.limits, []
        notice = {"objectType": "EVENT", "operation": "DELETE", "object": LIMIT}
        await say(tmp_path, port, "vens/ven-0/events/delete", notice)
        assert await until(lambda: not found.ven.agenda.events.known)
        await found.site.let_pass(2000)
        return before, found.limits

    assert heard(tmp_path, play) == ([5000], [])


def test_a_broker_may_want_the_token(tmp_path):
    async def play(found, port):
        return found.ven.notices.connected

    # The token that the VTN gives next: the first was the rig's own, the VEN that joined asked for the second.
    assert heard(tmp_path, play, "token-2")


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xff", b"[]", b'{"objectType":"EVENT","operation":"DELETE","object":{"id":"../x"}}', b'{"object":5}'],
)
def test_a_notification_of_nonsense_names_no_event(payload):
    assert deleted_event(payload) == ""


def test_a_deletion_of_something_else_is_none_of_an_event():
    assert deleted_event(b'{"objectType":"PROGRAM","operation":"DELETE","object":{"id":"e1"}}') == ""
    assert deleted_event(b'{"objectType":"EVENT","operation":"DELETE","object":{"id":"e1"}}') == "e1"


class Says:
    """Stands for a VTN that answers each path as told."""

    def __init__(self, **answers):
        self.answers = answers

    async def get(self, path):
        return self.answers[path.split("/")[1]]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"URIS": ["mqtt://localhost"]}, "mqtts"),
        ({"URIS": ["mqtts://[broken"]}, "mqtts"),
        ({"serialization": "XML"}, "JSON"),
        ({"authentication": {"method": "CERTIFICATE"}}, "ANONYMOUS"),
    ],
)
def test_a_broker_that_cannot_be_served_is_refused_with_its_reason(changes, why):
    offered = offer(1)["MQTT"] | changes

    async def once():
        notices = Notices(Says(notifiers={"MQTT": offered}), ssl.create_default_context(), "n", "c", lambda event: None)
        await notices._listen(await notices._binding(), ["t"])

    with pytest.raises(Malformed, match=why):
        asyncio.run(once())
