"""What each kind of event does to the world."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tools.simulate.world import World


def _base(world: World, *phases_w: int) -> None:
    world.plant.set_base((float(phases_w[0]), float(phases_w[1]), float(phases_w[2])))
    world.stirred_ms = world.now_ms


def _sun(world: World, power_w: int) -> None:
    world.plant.set_sun(power_w)
    world.stirred_ms = world.now_ms


def _car(world: World, word: str, soc: float) -> None:
    world.plant.move_car(word, soc)
    world.stirred_ms = world.now_ms


def _device(world: World, device: str, kind: str, options: dict[str, Any]) -> None:
    world.plant.begin_fault(device, kind, options)
    world.stirred_ms = world.now_ms


def _meter(world: World, how: str, *args: Any) -> None:
    if how == "line":
        world.plant.begin_fault("grid", args[0], args[1])
    else:
        world.plant.bend_meter(how, args[0]["seconds"], args[0]["per_cent"])
    world.stirred_ms = world.now_ms


def _clock(world: World, ahead_ms: int) -> None:
    world.civil.offset_ms += ahead_ms


def _cut(world: World, off_s: int, keep_pm: int, noise_bytes: int) -> None:
    world.cut_power(off_s, keep_pm, noise_bytes)


def _torn(world: World, fuse_bytes: int, off_s: int, keep_pm: int, noise_bytes: int) -> None:
    world.torn = (off_s, keep_pm, noise_bytes)
    world.store.fuse_bytes = fuse_bytes


def _stop(world: World, off_s: int) -> None:
    if world.life is not None:
        world.life.loop.stop()
        world.boots_at_ms = world.now_ms + 10_000 + off_s * 1000


def _disk(world: World, _seconds: int) -> None:
    world.store.failing = world.life is not None


def _link(world: World, seconds: int) -> None:
    world.link_back_ms = world.now_ms + seconds * 1000


def _receipts(world: World, how: str, seconds: int) -> None:
    world.upstream.receipts = how
    world.receipts_good_ms = world.now_ms + seconds * 1000


def _command(world: World, who: str, kind: int, body: list[Any], twist: str) -> None:
    world.stirred_ms = world.now_ms
    if world.life is not None:
        for raw in world.upstream.command(who, kind, body, twist):
            world.life.uplink.deliver("command", raw)


def _flood(world: World, count: int, seed: int) -> None:
    if world.life is not None:
        for raw in world.upstream.flood(count, seed):
            world.life.uplink.deliver("command", raw)


def _hertz(world: World, mhz: int) -> None:
    world.plant.house.grid.frequency_hz = mhz / 1000
    world.plant.stir()
    world.stirred_ms = world.now_ms


def _peer(world: World, name: str, word: str, seed: int, seconds: int) -> None:
    far = world.far_sides[name]
    if world.life is not None and not world.life.ended:
        world.stirred_ms = world.now_ms
        far.act(word, seed, seconds)


ACTS: dict[str, Callable[..., None]] = {
    "base": _base, "sun": _sun, "car": _car, "device": _device, "meter": _meter, "clock": _clock, "cut": _cut,
    "torn": _torn, "stop": _stop, "disk": _disk, "link": _link, "receipts": _receipts, "command": _command,
    "reserve": _command, "flood": _flood, "peer": _peer, "hertz": _hertz,
}  # fmt: skip
