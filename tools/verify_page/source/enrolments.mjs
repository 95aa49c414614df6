// Under which programme each asset's flexibility is sold, and whether one is sold twice for the same time.
//
// Source: docs/format.md, `enrolment`. All that hold are stated after each boot, so what is not stated again ended with that
// boot. When that was has to be known: else an enrolment lasts as long as it says.
// The holder of an enrolment is agent, device and programme; one holder may state as much as it likes.
// What is disclosed is held against what other agents say for as long as it says. Of one agent all that is stated in one
// epoch holds at once. Between its epochs a boot may have ended what is not shown again: there an enrolment counts for as
// long as it surely held (epochs.mjs). A device without a name here, because its epoch's boot record is not shown, may be
// any: only another programme is another holder.

import { hex } from './bytes.mjs';

const FOR_EVER_S = 1n << 62n;
const [AGENT, PROGRAMME, DEVICE] = [1, 2, 3]; // so many parts of a holder are compared

// What one agent stated.
export class Enrolments {
    constructor() {
        this.stated = [];
        this.places = new Map(); // what one says -> its place
    }

    // Lets everything lapse until it is stated again, which in an epoch that is not whole it may have been.
    boot(whole) {
        for (const one of this.stated) one.lapsed = whole && one.endedS === null;
    }

    // Takes the civil second of this epoch's boot, as corrected last, null while unknown. What was stated later ended later.
    endLapsed(bootS) {
        for (const one of this.stated.filter(({ lapsed }) => lapsed)) {
            one.endedS = bootS !== null && bootS >= 1n && bootS >= one.statedS ? bootS : null;
        }
    }

    // `statedS`: Unix second of the record, 0 while unknown; `named`: `device` is an id and not only an index.
    take({ asset, programme, from_s, until_s }, device, { seq, epoch, named, statedS = 0n }) {
        const kept = { asset: hex(asset), device, programme, from_s, until_s, seq, epoch, named };
        const next = { ...kept, endedS: null, statedS, lapsed: false };
        const says = JSON.stringify([next.asset, device, programme, `${from_s}`, `${until_s}`]);
        if (!this.places.has(says)) this.places.set(says, this.stated.length);
        this.stated[this.places.get(says)] = next;
    }
}

// Tells whether an enrolment ends before it begins.
export function absurd({ from_s, until_s }) {
    return until_s > 0n && until_s <= from_s;
}

// Returns each enrolment that covers time which another holder has enrolled the same asset for. `agents`: [agent, Enrolments];
// `shown`: {agent, epoch, seq, fields} of those that were disclosed, of pages that are not there themselves; `epochs`: Map of
// agent to Epochs.
export function overlaps(agents, shown, epochs) {
    const disclosed = disclosedOf(shown, epochs);
    const faults = overlapsAmong(agents.flatMap((one) => asTold(...one)), DEVICE);
    for (const [agent, byEpoch] of disclosed) {
        const { stated } = agents.find(([name]) => name === agent)[1];
        faults.push(...overlapsOfOne(agent, { stated }, byEpoch, epochs.get(agent)));
    }
    const told = [...disclosed].flatMap(([agent, byEpoch]) => [...byEpoch.values()].map((one) => [agent, one]));
    if (told.length) faults.push(...overlapsAmong([...agents, ...told].flatMap((one) => asTold(...one)), AGENT));
    return [...new Map(faults.map((fault) => [`${fault.agent} ${fault.seq}`, fault])).values()];
}

function disclosedOf(shown, epochs) {
    const disclosed = new Map(); // agent -> Map of epoch to Enrolments
    for (const { agent, epoch, seq, fields } of shown) {
        if (!disclosed.has(agent)) disclosed.set(agent, new Map());
        const byEpoch = disclosed.get(agent);
        if (!byEpoch.has(epoch)) byEpoch.set(epoch, new Enrolments());
        const device = epochs.get(agent).device(epoch, fields.device);
        const named = device !== undefined;
        byEpoch.get(epoch).take(fields, named ? device : `device ${fields.device}`, { seq, epoch, named });
    }
    return disclosed;
}

// Holds an agent's disclosures against each other and against its own pages.
function overlapsOfOne(agent, own, byEpoch, epochs) {
    const faults = [];
    const beside = new Map(); // epoch -> rows
    for (const row of asTold(agent, own)) beside.set(row[1].epoch, [...(beside.get(row[1].epoch) ?? []), row]);
    for (const [number, enrolments] of byEpoch) {
        const disclosed = asTold(agent, enrolments);
        faults.push(...overlapsAmong(disclosed, DEVICE), ...overlapsNamed([...(beside.get(number) ?? []), ...disclosed]));
    }
    const surely = [own, ...byEpoch.values()].flatMap(({ stated }) => stated).map((one) =>
        [agent, one, one.endedS === null ? smaller(until(one), epochs.untilS(one.epoch)) : until(one)]);
    return [...faults, ...overlapsNamed(surely)];
}

function asTold(agent, { stated }) {
    return stated.map((one) => [agent, one, until(one)]);
}

function until({ until_s, endedS }) {
    return smaller(until_s || FOR_EVER_S, endedS ?? FOR_EVER_S);
}

function overlapsNamed(rows) {
    return [...overlapsAmong(rows, PROGRAMME), ...overlapsAmong(rows.filter(([, { named }]) => named), DEVICE)];
}

// Holds all against one another; who has the first `parts` of a holder in common is the same. A row: agent, what it stated, until
// which Unix second that counts.
function overlapsAmong(rows, parts) {
    const byAsset = new Map();
    for (const [agent, { asset, device, programme, from_s, seq }, untilS] of rows) {
        if (from_s >= untilS) continue;
        if (!byAsset.has(asset)) byAsset.set(asset, []);
        byAsset.get(asset).push({ fromS: from_s, untilS, holder: [agent, programme, device], agent, seq });
    }
    return [...byAsset.keys()].sort().flatMap((asset) => overlapsOf(asset, byAsset.get(asset).sort(inOrder), parts));
}

// Goes through the time once: what ends last so far, and what ends last of any other holder.
function overlapsOf(asset, spans, parts) {
    const faults = [];
    let lasting = [];
    for (const span of spans) {
        const clash = lasting.find((other) => !sameHolder(other, span, parts) && other.untilS > span.fromS);
        if (clash) {
            const [mine, theirs] = [span, clash].map(({ holder: [agent, sold, device] }) => `${device} in ${sold} of ${agent}`);
            const detail = `asset ${asset.slice(0, 16)} as ${mine} from ${span.fromS} s, and as ${theirs}`;
            faults.push({ name: 'enrolment_overlap', detail, agent: span.agent, seq: span.seq });
        }
        const latest = [...lasting, span].sort((one, other) => compare(other.untilS, one.untilS) || holders(other, one));
        lasting = [latest[0], ...latest.filter((one) => !sameHolder(one, latest[0], parts)).slice(0, 1)];
    }
    return faults;
}

function inOrder(one, other) {
    return compare(one.fromS, other.fromS) || byCodePoint(one.agent, other.agent) || compare(one.seq, other.seq)
        || compare(one.untilS, other.untilS) || holders(one, other);
}

function holders(one, other) {
    return one.holder.map((part, n) => byCodePoint(part, other.holder[n])).find((order) => order) ?? 0;
}

// Strings compare by UTF-16 unit in JavaScript, and characters beyond U+FFFF would then come before U+E000.
function byCodePoint(one, other) {
    const [mine, theirs] = [Array.from(one), Array.from(other)];
    const differs = mine.findIndex((letter, n) => letter !== theirs[n]);
    if (differs < 0) return mine.length - theirs.length;
    return differs < theirs.length ? mine[differs].codePointAt(0) - theirs[differs].codePointAt(0) : 1;
}

function sameHolder(one, other, parts) {
    return one.holder.slice(0, parts).every((part, n) => part === other.holder[n]);
}

function compare(one, other) {
    return one < other ? -1 : one > other ? 1 : 0;
}

function smaller(one, other) {
    return one < other ? one : other;
}
