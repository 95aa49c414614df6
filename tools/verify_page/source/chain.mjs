// One agent's pages in their order: numbers, links, epochs, keys, and what follows from them.

import { Clocks } from './clocks.mjs';
import { History } from './history.mjs';
import { KeyRing } from './keyring.mjs';
import { GAPS_LOSING } from './records.mjs';

export const NO_PAGE = '00'.repeat(32);
const FIRST_SEQ_MAX = 1n; // an agent's first record carries 0 or 1

export class Chain {
    constructor(agent) {
        this.agent = agent;
        this.nextSeq = null; // before the first page
        this.lastHash = NO_PAGE;
        this.epoch = -1n;
        this.clocks = new Clocks();
        this.history = new History();
        this.holes = []; // [first, last number, place behind it] of each run that is not there
        this.lost = new Map(); // cause -> records lost to it, as the newest gap record says
        this.keys = new KeyRing(agent);
    }

    get lostDeclared() {
        return [...this.lost.values()].reduce((sum, lost) => sum + lost, 0n);
    }

    // Tells why a page that would be next is none of this chain: its key was not good then; null when it was.
    refuses(page) {
        const wrong = this.keys.judge(page);
        return wrong && this.fault(page.firstSeq, ...wrong);
    }

    // Judges the next page, which is not refused, and moves on; `starts`: hashes after which a chain may begin.
    take(page, starts) {
        const faults = this.nextSeq === null ? this.start(page, starts) : this.link(page);
        if (page.epoch < this.epoch) faults.push(['epoch_fell', `from ${this.epoch} to ${page.epoch}`]);
        if (page.epoch !== this.epoch) {
            this.history.beginEpoch(page, this.nextSeq === null ? this.history.complete : page.firstSeq === this.nextSeq);
        }
        this.nextSeq = page.lastSeq + 1n;
        this.lastHash = page.hash;
        this.epoch = page.epoch;
        const told = faults.map((wrong) => this.fault(page.firstSeq, ...wrong));
        for (const record of page.records) {
            const wrong = record.kind === 'gap' ? this.declare(record)
                : record.kind === 'key_change' ? this.keys.change(record, page.lastSeq) : [];
            told.push(...wrong.map((one) => this.fault(record.seq, ...one)));
        }
        for (const [name, detail] of this.clocks.take(page)) {
            told.push(this.fault(page.firstSeq, name, `${detail} in epoch ${page.epoch}`));
        }
        told.push(...this.history.take(page));
        this.history.enrolments.endLapsed(this.clocks.offsetS());
        return told;
    }

    // Returns the holes, unless the agent itself declares that many records lost, which it can only do behind the hole.
    missing() {
        const lacking = this.holes.reduce((sum, [first, last]) => sum + last - first + 1n, 0n);
        if (lacking <= this.lostDeclared) return [];
        return this.holes.map(([first, last, place]) => {
            return { ...this.fault(first, 'missing_pages', `records ${first} to ${last} are missing`), place };
        });
    }

    start(page, starts) {
        if (page.prev === NO_PAGE && page.firstSeq <= FIRST_SEQ_MAX) return [];
        this.history.hole();
        return starts.has(page.prev) ? [] : [['missing_start', `begins at record ${page.firstSeq}`]];
    }

    link(page) {
        if (page.firstSeq === this.nextSeq) {
            if (page.prev === this.lastHash) return [];
            return [['broken_link', `names ${page.prev.slice(0, 16)} as the page before it`]];
        }
        this.history.hole();
        if (page.prev === NO_PAGE) return [['chain_restarted', `after record ${this.nextSeq - 1n}`]];
        this.holes.push([this.nextSeq, page.firstSeq - 1n, page.place]);
        return [];
    }

    declare({ fields: { cause, lost } }) {
        if (!GAPS_LOSING.includes(cause)) return [];
        const before = this.lost.get(cause) ?? 0n;
        this.lost.set(cause, lost);
        return lost < before ? [['lost_fell', `from ${before} to ${lost} of cause ${cause}`]] : [];
    }

    fault(seq, name, detail) {
        return { name, detail, agent: this.agent, seq };
    }
}
