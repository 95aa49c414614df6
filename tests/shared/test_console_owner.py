"""The owner's words at the console: unlocked, decided by the core, recorded, and told to whoever asks."""

from __future__ import annotations

from agent import record
from agent.owner import Owner
from tests.shared.console_desk import rig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


async def at_home(unlocked: bool = True) -> Any:
    """Return a console of a site whose owner may speak in words."""
    desk = await rig()
    desk.site.loop.state.owner = Owner("home", 11040, {"charger": 0}, {})
    if unlocked:
        await desk.unlock()
    return desk


async def test_a_word_is_a_command_like_any_other():
    desk = await at_home()
    told = await desk.ask("owner", 2000, word="away", for_s=600)
    assert told["ok"] and told["owner"] == "home" and told["away"] == ["charger"]
    (claim,) = told["claims"]
    assert (claim["scope"], claim["setpoint"], claim["primacy"], claim["away"]) == ("charger", 0, 0, True)
    assert claim["left_ms"] <= 600000 and desk.site.charger.limit_ma == 0
    assert told["devices"] == [["charger", 14, 0, "claim home", [None, None]]]
    assert desk.decisions()[-1][3] == desk.desk.authority.key_id and desk.decisions()[-1][5] == record.ACCEPTED
    told = await desk.ask("owner", 2000, word="back")
    assert told["ok"] and told["claims"] == []
    await desk.stop()


async def test_words_are_told_to_a_locked_console_and_said_at_an_unlocked_one():
    desk = await at_home(unlocked=False)
    assert (await desk.ask("words"))["claims"] == []
    assert (await desk.ask("owner", word="opt-out", for_s=60))["code"] == "locked"
    await desk.unlock()
    told = await desk.ask("owner", 2000, word="opt-out", for_s=60)
    assert told["claims"][0]["scope"] == "" and told["claims"][0]["setpoint"] is None
    await desk.ask("lock")
    assert len((await desk.ask("words"))["claims"]) == 1  # locking ends a trial, and no word
    await desk.stop()


async def test_a_departure_and_comfort_are_told():
    desk = await at_home()
    at_s = desk.site.civil_ms // 1000 + 3600
    told = await desk.ask("owner", 2000, word="departure", device="charger", at_s=at_s, energy_wh=20000)
    assert told["departures"] == {"charger": [at_s * 1000, 20000]}
    told = await desk.ask("owner", 2000, word="comfort", device="charger", lowest=6000)
    assert told["comforts"] == {"charger": [6000, None]} and told["devices"][0][4] == [6000, None]
    told = await desk.ask("owner", 2000, word="departure", device="charger", energy_wh=0)
    assert told["departures"] == {}
    await desk.stop()


async def test_what_is_no_word_or_is_refused_is_said_in_a_sentence():
    desk = await at_home()
    for request, code, part in (
        ({}, "malformed", "word"),
        ({"word": "sing"}, "malformed", "boost, opt-out"),
        ({"word": "boost", "device": "charger"}, "malformed", "for_s"),
        ({"word": "boost", "device": 3, "for_s": 60}, "malformed", "device"),
        ({"word": "boost", "device": "charger", "for_s": 7776001}, "malformed", "for_s"),
        ({"word": "departure", "device": "charger", "at_s": 5}, "malformed", "energy_wh"),
        ({"word": "comfort", "device": "charger", "lowest": "6"}, "malformed", "lowest"),
        ({"word": "boost", "device": "boiler", "for_s": 60}, "refused", "boost boiler: unknown device"),
        ({"word": "opt-in"}, "refused", "nothing to cancel"),
    ):
        told = await desk.ask("owner", **request)
        assert told["code"] == code and part in told["error"], (request, told)
    desk.site.loop.state.owner = None
    assert "kind owner" in (await desk.ask("owner", word="opt-in"))["error"]
    assert "kind owner" in (await desk.ask("words"))["error"]
    await desk.stop()
