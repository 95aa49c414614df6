// Time over an agent's pages: monotonic seconds never fall in an epoch, civil time never falls unexplained.
//
// A page tells how monotonic and civil time belong together, with an error bound; a clock record says that this relation
// changed. Going back is allowed only to a better clock. All numbers are BigInt.

const ROUNDING_MS = 2000n; // both sides are cut to whole seconds
const DRIFT_PPM = 500n; // worst crystal that a board may have
const TRUST = new Map([[0n, 0], [1n, 1], [3n, 2], [2n, 3]]); // quality -> rank: unknown, informative, relative, synchronised

export class Clocks {
    constructor() {
        this.epoch = -1n;
        this.baseS = 0n;
        this.latestMs = 0n; // last moment that a record of this epoch names
        this.relation = null; // civil time at one monotonic moment of one epoch
        this.corrections = 0;
    }

    take(page) {
        const faults = [];
        if (page.epoch !== this.epoch) this.begin(page.epoch);
        else if (page.baseS < this.baseS) faults.push(['monotonic_fell', `from ${this.baseS} s to ${page.baseS} s`]);
        this.baseS = page.baseS;
        faults.push(...this.civil(page));
        for (const { end_ms } of page.records) this.latestMs = larger(this.latestMs, page.baseS * 1000n + end_ms);
        return faults;
    }

    // Returns the civil second at which the present epoch began, as told last; null while unknown.
    offsetS() {
        if (!this.relation || this.relation.epoch !== this.epoch) return null;
        return civilAt(this.relation, 0n) / 1000n;
    }

    begin(epoch) {
        const { relation } = this;
        if (relation) {
            // What the clock said last: the next epoch must not lie before it.
            this.relation = { ...relation, epoch: this.epoch, atMs: this.latestMs, civilMs: civilAt(relation, this.latestMs) };
        }
        this.epoch = epoch;
        this.latestMs = 0n;
    }

    civil(page) {
        const faults = [];
        const told = relationOf(page.epoch, page.baseS * 1000n, page.civilS * 1000n, page.clockErrorMs, page.clockQuality);
        const clocks = page.records.filter(({ kind }) => kind === 'clock');
        const corrections = clocks.map(({ fields }) =>
            relationOf(page.epoch, page.baseS * 1000n + fields.at_ms, fields.civil_ms, fields.error_ms, fields.quality));
        if ((told.civilMs === 0n) !== (told.quality === 0n)) {
            faults.push(['clock_absurd', `civil time ${page.civilS} with clock quality ${page.clockQuality}`]);
        }
        clocks.forEach(({ seq }, n) => {
            if (corrections[n].quality !== told.quality && seq !== page.lastSeq) {
                faults.push(['clock_mixed', `quality ${told.quality} becomes ${corrections[n].quality} at record ${seq}`]);
            }
        });
        if (told.quality && told.civilMs && !corrections.some((one) => agree(told, one))) faults.push(...this.step(told, false));
        for (const correction of corrections) {
            this.corrections += 1;
            if (correction.quality) faults.push(...this.step(correction, true));
        }
        return faults;
    }

    step(next, declared) {
        const old = this.relation;
        this.relation = next;
        if (!old) return [];
        const sameEpoch = old.epoch === next.epoch;
        const aheadMs = next.civilMs - (sameEpoch ? civilAt(old, next.atMs) : old.civilMs);
        const slackMs = slack(old, next);
        if (aheadMs < -slackMs && TRUST.get(next.quality) <= TRUST.get(old.quality)) {
            return [['clock_rollback', `by ${-aheadMs} ms`]];
        }
        if (sameEpoch && !declared && size(aheadMs) > slackMs) return [['clock_step', `by ${aheadMs} ms`]];
        return [];
    }
}

function relationOf(epoch, atMs, civilMs, errorMs, quality) {
    return { epoch, atMs, civilMs, errorMs, quality };
}

function civilAt(relation, atMs) {
    return relation.civilMs + atMs - relation.atMs;
}

// Returns by how much two relations may honestly differ.
function slack(one, other) {
    const driftMs = one.epoch === other.epoch ? (size(other.atMs - one.atMs) * DRIFT_PPM) / 1000000n : 0n;
    return one.errorMs + other.errorMs + ROUNDING_MS + driftMs;
}

function agree(told, correction) {
    return size(civilAt(told, correction.atMs) - correction.civilMs) <= slack(told, correction);
}

function size(number) {
    return number < 0n ? -number : number;
}

function larger(one, other) {
    return one > other ? one : other;
}
