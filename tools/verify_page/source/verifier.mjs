// Judge a stream of pages and disclosures, of one agent or several, in whatever order they come.
//
// Pages that come too early wait, at most WAITING_MAX per agent; then what is missing is called missing. What a key signed that
// nobody has begun yet waits, too, at most HELD_MAX.

import { Chain, NO_PAGE } from './chain.mjs';
import { Coverage } from './coverage.mjs';
import { DISCLOSURE_HEAD, readDisclosure } from './disclosure.mjs';
import { absurd, overlaps } from './enrolments.mjs';
import { kidOf } from './envelope.mjs';
import { Epochs } from './epochs.mjs';
import { KeyRing, Keys } from './keyring.mjs';
import { Known } from './known.mjs';
import { readPage } from './page.mjs';

const WAITING_MAX = 64;
const HELD_MAX = 64;
const FAULTS_LISTED_MAX = 1000;
const DISCLOSED_LISTED_MAX = 10000; // records

// One agent's chain, what was found of it, and the pages that wait for their predecessors.
class Agent {
    constructor(agent) {
        this.chain = new Chain(agent);
        this.known = new Known();
        this.knownShown = new Known(); // pages of which disclosures showed records
        this.coverage = new Coverage();
        this.epochsKnown = new Epochs();
        this.shown = new KeyRing(agent); // what disclosed records alone say of its keys
        this.waiting = new Map(); // first number -> page
        this.held = []; // [bytes, place, faults if its key stays unknown]
        Object.assign(this, { pages: 0, records: 0n, size: 0, duplicates: 0, firstSeq: null, civilS: [] });
        this.epochs = new Set();
    }

    count(page) {
        if (this.firstSeq === null || page.firstSeq < this.firstSeq) this.firstSeq = page.firstSeq;
        this.pages += 1;
        this.records += page.count;
        this.size += page.size;
        this.epochs.add(page.epoch);
        if (page.civilS) this.date(page.civilS, page.civilS + page.records.reduce(latest, 0n) / 1000n);
    }

    date(fromS, untilS) {
        const [first = fromS, last = untilS] = this.civilS;
        this.civilS = [fromS < first ? fromS : first, untilS > last ? untilS : last];
    }
}

export class Verifier {
    // `keys`: 65-byte public keys, agents' first ones; `starts`: hashes of pages after which a chain may begin; `tails`: hashes
    // of pages that must be there; `revoked`: Map of kid to the first record number that it may not sign; `begun`: agents' later
    // keys, [agent, 65 bytes], that were begun before the first page that is given. Hashes, kids, agents in hex.
    constructor(keys, { starts = [], tails = [], revoked = new Map(), begun = [] } = {}) {
        this.keys = new Keys(keys, revoked);
        this.begun = begun;
        for (const [agent, key] of begun) this.keys.learn(agent, key);
        this.starts = new Set(starts);
        this.tails = new Set(tails);
        this.endKnown = tails.length > 0;
        this.agents = new Map();
        this.faults = []; // the first FAULTS_LISTED_MAX
        this.counts = new Map(); // all
        this.disclosed = [];
        this.disclosedRecords = 0;
        this.enrolmentsShown = new Map(); // agent and record number -> {header, record}
    }

    // Judges one page or disclosure; what only shows later, or from its predecessors, is in the report alone.
    async add(raw, place = '') {
        const found = raw[0] === DISCLOSURE_HEAD ? await this.addDisclosure(raw) : await this.addPage(raw, place);
        if (found.stranger) {
            const { held } = this.agent(found.stranger);
            if (held.length < HELD_MAX) {
                held.push([raw.slice(), place, found.faults]);
                return;
            }
        }
        this.noteAll(found.faults, place);
    }

    noteAll(faults, place = '') {
        for (const fault of faults) {
            this.counts.set(fault.name, (this.counts.get(fault.name) ?? 0) + 1);
            if (this.faults.length < FAULTS_LISTED_MAX) this.faults.push({ place, ...fault });
        }
    }

    // Judges what still waits; returns all that was found. Nothing can be added afterwards.
    report() {
        for (const agent of this.agents.values()) {
            while (agent.waiting.size) this.noteAll(this.skipHole(agent));
            for (const [, place, faults] of agent.held) this.noteAll(faults, place);
            this.noteAll(agent.chain.missing());
            agent.coverage.endEpoch(agent.chain.clocks.offsetS());
        }
        const stated = [...this.agents].map(([name, { chain }]) => [name, chain.history.enrolments]);
        const epochs = new Map([...this.agents].map(([name, { epochsKnown }]) => [name, epochsKnown]));
        this.noteAll(overlaps(stated, this.shownEnrolments(), epochs));
        for (const tail of [...this.tails].sort()) {
            this.noteAll([{ name: 'missing_tail', detail: `page ${tail} is not there`, agent: '', seq: null }]);
        }
        const agents = [...this.agents].filter(([, { pages }]) => pages).map(([name, agent]) => ({ name, ...agent }));
        if (!this.counts.size && !agents.length && !this.disclosed.length) {
            this.noteAll([{ name: 'no_pages', detail: 'nothing was verified', agent: '', seq: null }]);
        }
        const { faults, counts, endKnown, disclosed, disclosedRecords } = this;
        return { agents, faults, counts, endKnown, disclosed, disclosedRecords, ok: !counts.size };
    }

    // Returns the enrolments that only disclosures tell of.
    shownEnrolments() {
        const alone = ({ header }) => !this.agent(header.agent).known.has(header);
        return [...this.enrolmentsShown.values()].filter(alone).map(({ header: { agent, epoch }, record: { seq, fields } }) =>
            ({ agent, epoch, seq, fields }));
    }

    agent(name) {
        if (!this.agents.has(name)) {
            const agent = new Agent(name);
            for (const [, key] of this.begun.filter(([whose]) => whose === name)) {
                for (const ring of [agent.chain.keys, agent.shown]) ring.begun.set(kidOf(key), -1n);
            }
            this.agents.set(name, agent);
        }
        return this.agents.get(name);
    }

    async addPage(raw, place) {
        const found = await readPage(raw, this.keys);
        const { page } = found;
        if (!page) return found;
        page.place = place;
        const agent = this.agent(page.agent);
        if (agent.known.contradicts(page)) return { faults: [...found.faults, fork(page)] };
        if (agent.known.overlaps(page)) {
            agent.duplicates += 1;
            return { faults: [faultAt(page, 'duplicated', `records ${page.firstSeq} to ${page.lastSeq} once more`)] };
        }
        const forked = agent.knownShown.contradicts(page) ? [fork(page)] : [];
        const faults = [...found.faults, ...forked, ...this.place(agent, page)];
        if (this.keys.learnFrom(page.agent, page.records)) await this.release(agent);
        return { faults };
    }

    async addDisclosure(raw) {
        const found = await readDisclosure(raw, this.keys);
        const { disclosed } = found;
        if (!disclosed) return found;
        const agent = this.agent(disclosed.agent);
        if (agent.chain.keys.judge(disclosed) && agent.shown.judge(disclosed)) {
            return { faults: [...found.faults, faultAt(disclosed, ...agent.shown.judge(disclosed))] };
        }
        if (agent.known.contradicts(disclosed) || agent.knownShown.contradicts(disclosed)) {
            return { faults: [...found.faults, fork(disclosed)] };
        }
        if (!agent.knownShown.overlaps(disclosed)) agent.knownShown.add(disclosed);
        agent.epochsKnown.takeShown(disclosed);
        const faults = [...found.faults];
        for (const record of disclosed.records) {
            const told = this.tell(agent, disclosed, record);
            faults.push(...told.map(([name, detail]) => ({ name, detail, agent: disclosed.agent, seq: record.seq })));
        }
        if (this.disclosedRecords < DISCLOSED_LISTED_MAX) this.disclosed.push(disclosed);
        this.disclosedRecords += disclosed.records.length;
        if (this.keys.learnFrom(disclosed.agent, disclosed.records)) await this.release(agent);
        return { faults };
    }

    // Takes what a disclosed record says beyond itself; returns what is wrong with that.
    tell(agent, header, record) {
        const { kind, fields, seq } = record;
        if (kind === 'key_change') return agent.shown.change(record, header.lastSeq);
        if (kind !== 'enrolment') return [];
        if (absurd(fields)) return [['enrolment_absurd', `from ${fields.from_s} s until ${fields.until_s} s`]];
        this.enrolmentsShown.set(`${header.agent} ${seq}`, { header, record });
        return [];
    }

    // Judges once more what an unknown key had signed.
    async release(agent) {
        const { held } = agent;
        agent.held = [];
        for (const [raw, place] of held) await this.add(raw, place);
    }

    place(agent, page) {
        const { chain, known, waiting } = agent;
        known.add(page);
        const early = chain.nextSeq !== null && page.firstSeq > chain.nextSeq;
        if (early || (chain.nextSeq === null && !this.mayBegin(page))) {
            waiting.set(page.firstSeq, page);
            return waiting.size > WAITING_MAX ? this.skipHole(agent) : [];
        }
        const refused = this.refused(agent, page);
        if (refused.length) return refused;
        if (chain.nextSeq !== null && page.firstSeq < chain.nextSeq) {
            this.count(agent, page);
            return [late(page)];
        }
        const faults = waiting.size || agent.held.length ? [late(page)] : [];
        return [...faults, ...this.take(agent, page), ...this.drain(agent)];
    }

    // Tells whether no earlier page is to be expected.
    mayBegin(page) {
        return page.prev === NO_PAGE || this.starts.has(page.prev);
    }

    take(agent, page) {
        const { chain } = agent;
        const refused = this.refused(agent, page);
        if (refused.length) return refused;
        if (page.epoch !== chain.epoch) agent.coverage.endEpoch(chain.clocks.offsetS());
        const faults = chain.take(page, this.starts).map((fault) => ({ place: page.place, ...fault }));
        agent.epochsKnown.takePage(page, chain.clocks, chain.history.devices);
        this.count(agent, page);
        agent.coverage.take(page, chain);
        return faults;
    }

    // Forgets a page whose key was not good where it stands, and says so.
    refused(agent, page) {
        const wrong = agent.chain.refuses(page);
        if (!wrong) return [];
        agent.known.drop(page);
        return [wrong];
    }

    count(agent, page) {
        this.tails.delete(page.hash);
        agent.count(page);
    }

    drain(agent) {
        const faults = [];
        for (let page = this.next(agent); page; page = this.next(agent)) faults.push(...this.take(agent, page));
        return faults;
    }

    next({ chain, waiting }) {
        const page = waiting.get(chain.nextSeq);
        waiting.delete(chain.nextSeq);
        return page;
    }

    // Gives up waiting: goes on with the earliest page that is there.
    skipHole(agent) {
        const first = [...agent.waiting.keys()].reduce((one, other) => (other < one ? other : one));
        const page = agent.waiting.get(first);
        agent.waiting.delete(first);
        return [...this.take(agent, page), ...this.drain(agent)];
    }
}

function latest(soFarMs, { end_ms }) {
    return end_ms > soFarMs ? end_ms : soFarMs;
}

function fork(page) {
    return faultAt(page, 'fork', `records ${page.firstSeq} to ${page.lastSeq} once more with other content`);
}

function late(page) {
    return faultAt(page, 'reordered', `records ${page.firstSeq} to ${page.lastSeq} come after later ones`);
}

function faultAt({ agent, firstSeq }, name, detail) {
    return { name, detail, agent, seq: firstSeq };
}
