// Under which programme each asset's flexibility is sold, and whether one is sold twice for the same time.
//
// Source: docs/format.md, `enrolment`. All that hold are stated after each boot, so what is not stated again ended with that
// boot. When that was has to be known: else an enrolment lasts as long as it says.
// The holder of an enrolment is agent, device and programme; one holder may state as much as it likes.
// What is disclosed lasts as long as it says. Of one agent it is compared within an epoch, in which all that is stated holds
// at once: what a boot ended between two disclosures nobody showed. Between agents everything is compared.

import { hex } from './bytes.mjs';

const FOR_EVER_S = 1n << 62n;
const HOLDER_PARTS = 3;
const STATED = ['asset', 'device', 'programme', 'from_s', 'until_s'];

// What one agent stated.
export class Enrolments {
    constructor() {
        this.stated = [];
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

    // `statedS`: Unix second of the record, 0 while unknown.
    take({ asset, programme, from_s, until_s }, device, seq, statedS) {
        const next = { asset: hex(asset), device, programme, from_s, until_s, seq, endedS: null, statedS, lapsed: false };
        const before = this.stated.findIndex((one) => STATED.every((name) => one[name] === next[name]));
        if (before < 0) this.stated.push(next);
        else this.stated[before] = next;
    }
}

// Returns each enrolment that covers time which another holder has enrolled the same asset for. `agents`: [agent, Enrolments];
// `shown`: {agent, epoch, seq, fields} of those that were disclosed, of pages that are not there themselves.
export function overlaps(agents, shown = []) {
    const faults = overlapsAmong(agents, HOLDER_PARTS);
    const epochs = new Map();
    for (const { agent, epoch, seq, fields } of shown) {
        const key = `${agent} ${epoch}`;
        if (!epochs.has(key)) epochs.set(key, [agent, new Enrolments()]);
        epochs.get(key)[1].take(fields, `device ${fields.device}`, seq, 0n);
    }
    const disclosed = [...epochs.values()];
    faults.push(...disclosed.flatMap((one) => overlapsAmong([one], HOLDER_PARTS)));
    const told = new Set(faults.map(({ agent, seq }) => `${agent} ${seq}`));
    const between = disclosed.length ? overlapsAmong([...agents, ...disclosed], 1) : [];
    return [...faults, ...between.filter(({ agent, seq }) => !told.has(`${agent} ${seq}`))];
}

// Holds all against one another; who has the first `parts` of a holder in common is the same.
function overlapsAmong(agents, parts) {
    const byAsset = new Map();
    for (const [agent, { stated }] of agents) {
        for (const { asset, device, programme, from_s, until_s, seq, endedS } of stated) {
            const untilS = smaller(until_s || FOR_EVER_S, endedS ?? FOR_EVER_S);
            if (from_s >= untilS) continue;
            if (!byAsset.has(asset)) byAsset.set(asset, []);
            byAsset.get(asset).push({ fromS: from_s, untilS, holder: [agent, device, programme], agent, seq });
        }
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
            const [mine, theirs] = [span, clash].map(({ holder: [agent, device, sold] }) => `${device} in ${sold} of ${agent}`);
            const detail = `asset ${asset.slice(0, 16)} as ${mine} from ${span.fromS} s, and as ${theirs}`;
            faults.push({ name: 'enrolment_overlap', detail, agent: span.agent, seq: span.seq });
        }
        const latest = [...lasting, span].sort((one, other) => compare(other.untilS, one.untilS) || holders(other, one));
        lasting = [latest[0], ...latest.filter((one) => !sameHolder(one, latest[0], parts)).slice(0, 1)];
    }
    return faults;
}

function inOrder(one, other) {
    return compare(one.fromS, other.fromS) || compare(one.untilS, other.untilS) || holders(one, other)
        || compare(one.seq, other.seq);
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
