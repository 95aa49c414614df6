"""The whole way: a CEM on a TLS WebSocket, built with s2-python, drives a charger of an agent in virtual time."""

import asyncio
import json
import ssl
import uuid
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from unittest.mock import patch

from aiohttp import WSMsgType, web
from s2python.common import Handshake, HandshakeResponse, ReceptionStatus, SelectControlType
from s2python.frbc import FRBCInstruction
from s2python.pebc import PEBCInstruction
from s2python.s2_parser import S2Parser

from agent import record
from agent.owner import OPT_OUT, Owner
from agent.sources.desk import authority_of
from agent.sources.peer_desk import PeerDesk
from boards.cpython.s2 import source
from boards.cpython.s2.source import EnergyManager
from tests.openadr.documents import NOON_MS
from tests.shared.sourced import SourcedSite
from tests.waiting import until
from tools.certs import Authority

TOKEN = "cem-token"


class Cem:
    """A customer energy manager: s2-python reads what it hears and writes what it says."""

    def __init__(self, tls):
        self.heard = []
        self.sockets = []
        self.url = ""
        self._tls = tls

    @asynccontextmanager
    async def serving(self):
        app = web.Application()
        app.router.add_get("/s2", self._talk)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._tls).start()
        self.url = f"wss://localhost:{runner.addresses[0][1]}/s2"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _talk(self, request):
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await self.say(Handshake(message_id=uuid.uuid4(), role="CEM", supported_protocol_versions=["0.0.2-beta"]))
        async for frame in socket:
            if frame.type == WSMsgType.TEXT:
                await self._take(S2Parser.parse_as_any_message(frame.data))
        return socket

    async def _take(self, message):
        self.heard.append(message)
        kind = message.message_type
        if kind != "ReceptionStatus":
            await self.say(ReceptionStatus(subject_message_id=message.message_id, status="OK"))
        if kind == "Handshake":
            await self.say(HandshakeResponse(message_id=uuid.uuid4(), selected_protocol_version="0.0.2-beta"))
        if kind == "ResourceManagerDetails":
            chosen = message.available_control_types[0]
            await self.say(SelectControlType(message_id=uuid.uuid4(), control_type=chosen))

    async def say(self, message):
        await self.sockets[-1].send_str(message.to_json())

    def of(self, kind):
        return [each for each in self.heard if each.message_type == kind]

    async def envelope(self, *elements):
        """Instruct an envelope of (seconds, upper W); return the instruction's id."""
        offered = self.of("PEBC.PowerConstraints")[-1]
        limits = [{"duration": seconds * 1000, "upper_limit": upper, "lower_limit": 0} for seconds, upper in elements]
        quantity = offered.allowed_limit_ranges[0].commodity_quantity
        instruction = PEBCInstruction(
            message_id=uuid.uuid4(),
            id=uuid.uuid4(),
            execution_time=datetime.fromtimestamp(NOON_MS // 1000, UTC),
            abnormal_condition=False,
            power_constraints_id=offered.id,
            power_envelopes=[
                {"id": str(uuid.uuid4()), "commodity_quantity": quantity, "power_envelope_elements": limits}
            ],
        )
        await self.say(instruction)
        return instruction.id


class Rig:
    """A site whose only source is a CEM."""

    def __init__(self, cem, folder):
        self.cem = cem
        self.site = SourcedSite(PeerDesk, "aggregator")
        self.site.civil_ms = NOON_MS
        self.options = {"url": cem.url, "devices": ["charger"], "ca": "ca.crt", "token": "cem.token", "lease_s": 60}
        self.folder = folder

    async def start(self):
        self._agent = await self.site.start()
        self.manager = EnergyManager(self.site.desk, dict(self.options))
        self.manager.open(self.folder)
        self._task = asyncio.create_task(self.manager.run())

    async def stop(self):
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self.site.loop.stop()
        await self._agent

    async def pass_ms(self, ms):
        """Let virtual time pass, and the source look as often as it does by the clock."""
        for _ in range(ms // 1000):
            now_ms = self.site.clock.civil_ms()
            self.manager.enter(now_ms)
            self.manager.say(now_ms)
            await self.site.let_pass(1000)

    def statuses(self):
        return [each.status_type.value for each in self.cem.of("InstructionStatusUpdate")]

    @property
    def ceilings(self):
        return [claim.value for claim in self.site.loop.state.claims if claim.due]


def run(play, tmp_path):
    async def whole():
        authority = Authority(tmp_path)
        files = authority.server()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(files.cert, files.key)
        token = tmp_path / "cem.token"
        token.write_text(TOKEN)
        token.chmod(0o600)
        # The test says when the source looks: virtual time passes faster than the clock.
        with patch.object(source, "LOOK_S", 3600), patch.object(source, "retry_ms", lambda outage_ms: 50):
            async with Cem(tls).serving() as cem:
                rig = Rig(cem, tmp_path)
                await rig.start()
                try:
                    return await play(rig, cem)
                finally:
                    await rig.stop()

    return asyncio.run(whole())


def test_an_envelope_of_a_cem_moves_the_charger_and_is_told_of(tmp_path):
    async def play(rig, cem):
        assert await until(lambda: cem.of("PEBC.PowerConstraints"))
        await cem.envelope((30, 4500), (30, 6900))
        assert await until(lambda: "ACCEPTED" in rig.statuses())
        await rig.pass_ms(20000)
        first = rig.site.charger.limit_ma
        await rig.pass_ms(25000)
        second = rig.site.charger.limit_ma
        await rig.pass_ms(30000)
        assert await until(lambda: len(rig.statuses()) == 3)
        return first, second, rig.site.charger.limit_ma, rig.statuses(), cem.of("PowerMeasurement")

    first, second, third, statuses, measured = run(play, tmp_path)
    assert (first, second, third) == (6521, 10000, 16000)
    assert statuses == ["ACCEPTED", "STARTED", "SUCCEEDED"] and measured[-1].values[0].value > 0


async def trouble_with(answer):
    """Return what is told of a CEM that answers the upgrade with some bytes, and what it was asked; b"" never does."""
    asked, over = [], asyncio.Event()

    async def serve(reader, writer):
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await over.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    site = SourcedSite(PeerDesk, "aggregator")
    site.boot()
    manager = EnergyManager(site.desk, {"url": "wss://localhost", "devices": ["charger"]})
    manager.options["url"] = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    talking = asyncio.create_task(manager.run())
    assert await until(lambda: manager.managed[0].trouble or talking.done())
    talking.cancel()
    await asyncio.gather(talking, return_exceptions=True)
    over.set()
    server.close()
    return manager.managed[0].trouble, len(asked)


def test_a_cem_that_never_answers_the_upgrade_is_given_up():
    with patch.object(source, "CONNECT_S", 0.2):
        assert asyncio.run(trouble_with(b"")) == ("TimeoutError", 1)


def test_a_cem_that_sends_us_elsewhere_is_not_followed():
    elsewhere = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    trouble, asked = asyncio.run(trouble_with(elsewhere))
    assert "elsewhere" in trouble and asked == 1


def test_an_owners_opt_out_aborts_an_instruction(tmp_path):
    async def play(rig, cem):
        assert await until(lambda: cem.of("PEBC.PowerConstraints"))
        await cem.envelope((600, 4500))
        assert await until(lambda: "ACCEPTED" in rig.statuses())
        await rig.pass_ms(15000)
        owner = Owner("home", 20000, {}, {})
        owner.take(rig.site.loop.state, authority_of("console", "owner", 20000), [OPT_OUT, "", 600], b"word")
        await rig.pass_ms(15000)
        assert await until(lambda: len(rig.statuses()) == 3)
        return rig.site.charger.limit_ma, rig.statuses()

    assert run(play, tmp_path) == (16000, ["ACCEPTED", "STARTED", "ABORTED"])


def test_an_owners_departure_makes_a_charger_a_storage_that_the_cem_fills(tmp_path):
    async def play(rig, cem):
        assert await until(lambda: cem.of("PEBC.PowerConstraints"))
        rig.site.loop.state.departures["charger"] = (NOON_MS + 3600000, 5000)
        await rig.pass_ms(2000)
        assert await until(lambda: cem.of("FRBC.FillLevelTargetProfile"))
        (actuator,) = cem.of("FRBC.SystemDescription")[0].actuators
        off = next(mode for mode in actuator.operation_modes if mode.diagnostic_label == "off")
        await cem.say(
            FRBCInstruction(
                message_id=uuid.uuid4(),
                id=uuid.uuid4(),
                actuator_id=actuator.id,
                operation_mode=off.id,
                operation_mode_factor=0,
                execution_time=datetime.fromtimestamp(NOON_MS // 1000, UTC),
                abnormal_condition=False,
            )
        )
        assert await until(lambda: "ACCEPTED" in rig.statuses())
        await rig.pass_ms(3000)
        return rig.site.charger.limit_ma, len(cem.of("ResourceManagerDetails")), len(cem.sockets)

    assert run(play, tmp_path) == (0, 2, 1)


def test_a_cem_that_is_lost_is_found_again_and_its_envelope_runs_on(tmp_path):
    async def play(rig, cem):
        assert await until(lambda: cem.of("PEBC.PowerConstraints"))
        await cem.envelope((60, 4500))
        assert await until(lambda: "ACCEPTED" in rig.statuses())
        await rig.pass_ms(3000)
        await cem.sockets[-1].close()
        assert await until(lambda: len(cem.of("PEBC.PowerConstraints")) == 2)
        during = rig.ceilings
        await rig.pass_ms(61000)
        return during, rig.ceilings

    assert run(play, tmp_path) == ([6521], [])


def test_what_is_instructed_is_entered_once(tmp_path):
    async def play(rig, cem):
        assert await until(lambda: cem.of("PEBC.PowerConstraints"))
        await cem.envelope((600, 4500))
        assert await until(lambda: "ACCEPTED" in rig.statuses())
        await rig.pass_ms(30000)
        return rig.site.decisions()

    assert [fact[5] for fact in run(play, tmp_path)] == [record.ACCEPTED]


def test_garbage_of_a_cem_ends_no_conversation_and_lifts_no_ceiling(tmp_path):
    async def play(rig, cem):
        lines = []
        rig.manager.notes_to(lines.append)
        assert await until(lambda: cem.of("PEBC.PowerConstraints"))
        await cem.envelope((600, 4500))
        assert await until(lambda: "ACCEPTED" in rig.statuses())
        for garbage in ("{", "[]", json.dumps({"message_type": "PEBC.Instruction", "message_id": str(uuid.uuid4())})):
            await cem.sockets[-1].send_str(garbage)
        assert await until(lambda: len([each for each in cem.of("ReceptionStatus") if each.status.value != "OK"]) == 3)
        await rig.pass_ms(3000)
        return rig.ceilings, len(cem.sockets), lines

    ceilings, connections, lines = run(play, tmp_path)
    assert ceilings == [6521] and connections == 1
    assert len(lines) == 1 and lines[0].startswith(
        "siteward: source 'source': charger said: INVALID_MESSAGE: id = None"
    )
