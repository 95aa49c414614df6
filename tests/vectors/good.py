"""Vectors with nothing wrong: each shows something that a verifier has to take."""

from __future__ import annotations

from tests.vectors.case import Case, case, vector
from tests.vectors.maker import (
    CIVIL_S,
    DEVICES,
    ORDER,
    Agent,
    Key,
    binding,
    boot,
    clock,
    decision,
    delay,
    delta,
    device_state,
    enrolment,
    event,
    failsafe,
    gap,
    key_begins,
    key_ends,
    not_before,
    reading,
    refused_many,
    reservation,
    sha256,
    write,
)

COMMAND = sha256(b"a command")
AUTHORITY = sha256(b"an authority's key")[:8]


@vector
def one_page() -> Case:
    """An agent's first page: the boot record and two readings."""
    agent = Agent()
    return case(agent, [agent.page()], pages=1, records=3, energy=[[agent, "grid", "import_wh", 1008, 1016]])


@vector
def smallest_page() -> Case:
    """One record: the root is its leaf and there is nothing to combine."""
    agent = Agent()
    return case(agent, [agent.page(boot(devices=[]))], pages=1, records=1)


@vector
def signature_with_the_other_s() -> Case:
    """Of every signature there are two, with s and with n - s: both are good, and the page is the same."""
    agent = Agent()
    page = agent.page()
    s = int.from_bytes(page.envelope[-32:], "big")
    other = page.envelope[:-32] + (ORDER - s).to_bytes(32, "big")
    return case(agent, [page.raw(envelope=other), agent.page()], pages=2, records=5)


@vector
def numbers_from_one() -> Case:
    """A first page may begin with record 1."""
    agent = Agent()
    agent.seq = 1
    return case(agent, agent.pages(2), pages=2, records=5)


@vector
def linked_pages() -> Case:
    """Six pages of one boot, each naming the one before it."""
    agent = Agent()
    energy = [[agent, "grid", "import_wh", 1008, 1096]]
    return case(agent, agent.pages(6), pages=6, records=13, energy=energy)


@vector
def every_kind_of_record() -> Case:
    """All seventeen kinds of record, with null wherever null may stand."""
    agent, key = Agent(), Key("house, second")
    page = agent.page(
        agent.boot(),
        enrolment(1, "alfen-eve 0001", "Aggregator A, evening peak", CIVIL_S, 0),
        agent.metered(60, context={}),
        delta(1, 2, 20, 8),
        reading(60, device=1, measured={1: 3600, 15: 3, 16: 455}, context={1: 3700, 2: "claim aggregator", 3: True}),
        reading(120, device=1, measured={1: 0}, context={1: None, 2: "default"}),
        decision(COMMAND, AUTHORITY, 1, at_ms=61_000),
        event(COMMAND, 2, at_ms=61_000),
        binding(3700, "claim aggregator", at_ms=61_000),
        write(3700, at_ms=62_000),
        write(None, "lease ended", kept=-1, outcome=2, at_ms=63_000),
        binding(None, "default"),
        event(COMMAND, 3),
        decision(sha256(b"noise"), None, None, reason=1),
        delay(),
        delay("protection charge", wait_ms=None),
        [12, 0, 1, None, "protection wear", None, None, 12],
        device_state(0),
        device_state(1),
        clock(64_000, (CIVIL_S + 64) * 1000),
        gap(5),
        gap(6),
        failsafe(None, 2, entered=True),
        failsafe(0, 2, entered=False),
        refused_many(412),
        decision(sha256(b"window"), AUTHORITY, 2, at_ms=64_000),
        reservation(command=sha256(b"window"), at_ms=64_000),
        decision(sha256(b"late"), AUTHORITY, 3, reason=16, at_ms=64_000),
        not_before(sha256(b"late"), at_ms=64_000),
        key_begins(key, agent.id),
        key_ends(key),
    )
    agent.import_wh += 8
    return case(agent, [page], pages=1, records=31, energy=[[agent, "grid", "import_wh", 1008, 1016]])


@vector
def every_number_of_each_field() -> Case:
    """Every number that the table of the format lists, the reserved ones too."""
    agent = Agent()
    records = [agent.boot()]
    records += [decision(COMMAND, AUTHORITY, 7 + reason, reason=reason) for reason in range(17)]
    records += [event(COMMAND, status) for status in (1, 2, 3, 6, 7, 16)]
    records += [[4, 0, 1, 0, outcome, evidence, 0, "shutdown"] for outcome in range(4) for evidence in range(4)]
    records += [device_state(state) for state in range(5)]
    records += [gap(1), gap(2), gap(3, device=0), gap(4), gap(5), gap(6)]
    records += [failsafe(None, cause, entered=True) for cause in range(1, 6)]
    records += [reading(60 * (n + 1), measured={1: 1}, quality=n) for n in range(4)]
    sources = ("rest", "run", "starts", "longest stop", "charge", "ramp", "wear", "phases", "random")
    records += [delay(f"protection {source}") for source in sources]
    return case(agent, [agent.page(*records)], pages=1, records=69)


@vector
def largest_numbers() -> Case:
    """Numbers up to 64 bits: beyond 2^53 a double would no longer tell them apart."""
    agent, most = Agent(), (1 << 64) - 1
    page = agent.page(
        boot(fuse_ma=most),
        reading(60, measured={1: most, 2: -most - 1, 3: (1 << 53) + 1, most: 7}),
        delta(1, 1, -1, 1, 1, 0),
        write(most, kept=-most - 1),
        decision(COMMAND, AUTHORITY, most - 1),
        decision(sha256(b"next"), AUTHORITY, most),
        refused_many(most),
    )
    return case(agent, [page], pages=1, records=7)


@vector
def counters_beyond_a_double() -> Case:
    """Counters 2^53 and 2^53 + 1 follow each other: no replay."""
    agent = Agent()
    page = agent.page(
        agent.boot(), decision(COMMAND, AUTHORITY, 1 << 53), decision(sha256(b"next"), AUTHORITY, (1 << 53) + 1)
    )
    return case(agent, [page], pages=1, records=3)


@vector
def losses_beyond_a_double() -> Case:
    """After a loss of 2^53 + 1 records, all declared, and in an epoch beyond 2^53."""
    agent, lost = Agent(), (1 << 53) + 1
    pages = agent.pages(1)
    agent.seq += lost
    agent.reboot()
    agent.epoch = (1 << 53) + 1
    pages.append(agent.page(agent.boot(), gap(2, lost=lost), agent.metered(60), prev=sha256(b"dropped")))
    agent.reboot()
    return case(agent, [*pages, agent.page()], pages=3)


@vector
def names_that_programs_trip_over() -> Case:
    """Device ids that mean something to some program: prototypes, empty text, a byte order mark, a zero."""
    agent = Agent()
    names = [
        "__proto__",
        "constructor",
        "",
        "\ufeff",
        "\ufeffgrid",
        "grid\x00",
        "'; --",
        "<b>&amp;",
        "..",
        "\u202egrid",
    ]
    agent.devices = [[name, "eastron-sdm630"] for name in names]
    told = [reading(60, device=n, measured={12: 100 * n}) for n in range(len(names))]
    return case(agent, [agent.page(agent.boot(), *told)], records=11)


@vector
def any_text() -> Case:
    """Text in several scripts, with characters of two, three and four bytes."""
    agent = Agent()
    agent.devices = [["Zähler", "eastron-sdm630"], ["充電器", "alfen-eve"], ["🔋", "akku"]]
    return case(agent, [agent.page(agent.boot(), agent.metered(60), binding(0, "limit Überörtliche Netze"))])


@vector
def deltas() -> Case:
    """Readings told by what differs from another: of two devices, with negative differences and more than one base."""
    agent = Agent()
    page = agent.page(
        agent.boot(),
        reading(60, measured={1: 480, 8: 230_100, 12: 1000}),
        reading(60, device=1, measured={1: 0, 15: 1}, context={2: "default"}),
        delta(1, 1, 20, -300, 8),
        delta(1, 2, 0, 0),
        delta(2, 1, -480, -100, 16),
        delta(2, 2, 3600, 2),
        reading(240, measured={1: 5, 8: 230_000, 12: 1017}),
        delta(1, 7, 0, 0, 0),
        delta(12, 2, 0, 0),
    )
    return case(agent, [page], records=10, energy=[[agent, "grid", "import_wh", 1000, 1017]])


@vector
def boots() -> Case:
    """Three epochs with a boot record each; the numbers go on and monotonic time begins anew."""
    agent = Agent()
    pages = agent.pages(2)
    agent.reboot()
    pages += agent.pages(2)
    agent.reboot(86_400)
    pages += agent.pages(1)
    return case(agent, pages, pages=5, records=13)


@vector
def epochs_without_a_page() -> Case:
    """The epoch may rise by more than one: a boot may end before anything was signed."""
    agent = Agent()
    pages = agent.pages(1)
    agent.reboot()
    agent.reboot()
    return case(agent, [*pages, agent.page()], pages=2, records=6)


@vector
def devices_listed_anew() -> Case:
    """After a boot the list of devices is another one; energy is followed by the device's id, not its index."""
    agent = Agent()
    first = agent.page()
    agent.reboot()
    agent.devices = [["charger", "alfen-eve"], ["battery", "byd-hvs"], ["grid", "eastron-sdm630"]]
    second = agent.page(agent.boot(), agent.metered(60, device=2), reading(60, device=0, measured={12: 5}))
    energy = [[agent, "grid", "import_wh", 1008, 1024], [agent, "charger", "import_wh", 5, 5]]
    return case(agent, [first, second], energy=energy)


@vector
def meter_exchanged() -> Case:
    """The meter's register begins anew and the model changes: a gap record says that it was exchanged."""
    agent = Agent()
    first = agent.page()
    agent.reboot()
    agent.import_wh = 0
    agent.devices = [["grid", "janitza-umg96"], DEVICES[1]]
    return case(agent, [first, agent.page(agent.boot(), gap(3, device=0), agent.metered(60))])


@vector
def register_of_a_bad_reading() -> Case:
    """A reading that the device itself calls bad proves no energy, and its register is not held against it."""
    agent = Agent()
    page = agent.page(agent.boot(), agent.metered(60), reading(120, quality=3, measured={12: 4}), agent.metered(180))
    return case(agent, [page], energy=[[agent, "grid", "import_wh", 1008, 1016]])


@vector
def missing_readings() -> Case:
    """A reading that is missing says so and holds nothing."""
    agent = Agent()
    page = agent.page(agent.boot(), agent.metered(60), reading(120, quality=1, measured={}), agent.metered(180))
    return case(agent, [page], records=4)


@vector
def civil_time_unknown() -> Case:
    """An agent that never learned the civil time: its order and its seconds are proven all the same."""
    agent = Agent()
    pages = [agent.page(civil_s=0, clock_quality=0, clock_error_ms=0) for _ in range(2)]
    return case(agent, pages, pages=2, records=5)


@vector
def civil_time_learned() -> Case:
    """The civil time becomes known after a page was signed: a clock record corrects that page, too."""
    agent = Agent()
    first = agent.page(civil_s=0, clock_quality=0, clock_error_ms=0)
    second = agent.page(agent.metered(60), civil_s=0, clock_quality=0, clock_error_ms=0)
    third = agent.page(clock(0, agent.civil_s * 1000), agent.metered(60))
    return case(agent, [first, second, third], pages=3, records=6)


@vector
def clock_set_forward() -> Case:
    """The civil time jumps forward by an hour and a clock record says so."""
    agent = Agent()
    first = agent.page()
    agent.civil_s += 3600
    second = agent.page(clock(0, agent.civil_s * 1000), agent.metered(60))
    return case(agent, [first, second, agent.page()])


@vector
def clock_set_back_to_a_better_one() -> Case:
    """A free-running clock was 90 s fast and is set back by one that is synchronised: the correction is a record."""
    agent = Agent()
    first = agent.page(clock_quality=1, clock_error_ms=1000)
    agent.civil_s -= 90
    second = agent.page(clock(0, agent.civil_s * 1000), agent.metered(60))
    return case(agent, [first, second])


@vector
def clock_drifts_within_its_error() -> Case:
    """From page to page the civil time wanders by less than the stated errors allow."""
    agent = Agent()
    pages = [agent.page(civil_s=agent.civil_s + wander_s) for wander_s in (0, 1, -1, 0)]
    return case(agent, pages, pages=4)


@vector
def commands_obeyed_and_refused() -> Case:
    """Two accepted commands with rising counters and their events, and three refusals; one names nobody."""
    agent = Agent()
    other = sha256(b"the next command")
    first = agent.page(
        agent.boot(),
        decision(COMMAND, AUTHORITY, 4),
        event(COMMAND, 2),
        write(3700),
        decision(COMMAND, AUTHORITY, 4, reason=6),
        decision(sha256(b"noise"), None, None, reason=1),
    )
    second = agent.page(
        decision(other, AUTHORITY, 9), event(COMMAND, 7), event(other, 2), decision(other, AUTHORITY, 9, reason=6)
    )
    return case(agent, [first, second, agent.page(event(other, 3))])


@vector
def loss_declared() -> Case:
    """The journal was full and lost four records: the next page begins after them and a gap record says so."""
    agent = Agent()
    pages = agent.pages(1)
    agent.seq += 4
    pages.append(agent.page(gap(2, lost=4), agent.metered(60), prev=sha256(b"a page that was dropped")))
    return case(agent, [*pages, agent.page()], pages=3)


@vector
def losses_declared_by_the_newest_gap() -> Case:
    """Two losses; the record of the first was lost with the second, and the newest gap says it all."""
    agent = Agent()
    pages = agent.pages(1)
    agent.seq += 3
    pages.append(agent.page(agent.metered(60), prev=sha256(b"dropped first")))
    agent.seq += 2
    pages.append(agent.page(gap(2, lost=5), agent.metered(60), prev=sha256(b"dropped second")))
    return case(agent, pages, pages=3)


@vector
def agents_mixed() -> Case:
    """Pages of three agents in one file, interleaved: each chain is judged by itself."""
    agents = [Agent("house"), Agent("shop"), Agent("school")]
    pages = [agent.page() for _ in range(3) for agent in agents]
    return case(agents, pages, pages=9, records=21)


@vector
def big_page() -> Case:
    """A page of nearly 65 536 bytes: a night of readings of one meter."""
    agent = Agent(page_s=86_400)
    records = [agent.boot(), reading(60, measured={1: 480, 8: 230_000, 9: 230_000, 10: 230_000, 12: 1000})]
    records += [delta(n, 1, n % 50, -n, n, -n % 300, 8 * n) for n in range(1, 1440)]
    records += [binding(n, f"claim {'long name ' * 20}{n}") for n in range(173)]
    return case(agent, [agent.page(*records)], pages=1, energy=[[agent, "grid", "import_wh", 1000, 12512]])


@vector
def enrolment_moved_at_a_boot() -> Case:
    """After a boot the asset is in another programme: the first one ended with that boot, whose civil time is known."""
    agent = Agent()
    first = agent.page(agent.boot(), enrolment(1, "alfen-eve 0001", "Aggregator A", CIVIL_S, 0))
    agent.reboot()
    second = agent.page(agent.boot(), enrolment(1, "alfen-eve 0001", "Aggregator B", agent.civil_s, 0))
    return case(agent, [first, second], pages=2)


@vector
def enrolment_moved_at_a_boot_of_known_time_later() -> Case:
    """The same, and the civil time of that boot becomes known in a later page of the epoch."""
    agent = Agent()
    first = agent.page(agent.boot(), enrolment(1, "alfen-eve 0001", "Aggregator A", CIVIL_S, 0))
    agent.reboot()
    moved = enrolment(1, "alfen-eve 0001", "Aggregator B", agent.civil_s, 0)
    second = agent.page(agent.boot(), moved, civil_s=0, clock_quality=0, clock_error_ms=0)
    return case(agent, [first, second, agent.page()], pages=3)


@vector
def enrolment_stated_anew_behind_a_boot_of_unknown_time() -> Case:
    """What holds is stated after each boot, also after one that does not know the civil time."""
    agent = Agent()
    told = enrolment(1, "alfen-eve 0001", "Aggregator A", CIVIL_S, 0)
    first = agent.page(agent.boot(), told)
    agent.reboot()
    second = agent.page(agent.boot(), told, civil_s=0, clock_quality=0, clock_error_ms=0)
    return case(agent, [first, second, agent.page()], pages=3)


@vector
def enrolment_that_a_boot_ended_stays_ended() -> Case:
    """The first boot after it ended an enrolment; a later boot does not make it longer."""
    agent = Agent()
    first = agent.page(agent.boot(), enrolment(1, "alfen-eve 0001", "Aggregator A", CIVIL_S, 0))
    agent.reboot()
    moved_s = agent.civil_s
    second = agent.page()
    agent.reboot()
    third = agent.page(agent.boot(), enrolment(1, "alfen-eve 0001", "Aggregator B", moved_s, 0))
    return case(agent, [first, second, third], pages=3)
