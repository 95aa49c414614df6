// Over which time each device was read, and how well: what the picture is drawn from.
//
// Times are kept on the agent's own clock while an epoch lasts, because its civil time may become known late or be corrected;
// when the next epoch begins they become civil ones. What stays without a date is only summed up.

const SPANS_MAX = 4096; // of one device; more are told coarser, two as one of the worse quality
const QUALITY_NAMES = ['good', 'missing', 'estimated', 'bad'];
const WORSE = [0n, 2n, 3n, 1n]; // qualities from best to worst
const MISSING = 1n;

// A span is [from, until, quality], all BigInt.
export class Coverage {
    constructor() {
        this.dated = new Map();
        this.undatedS = new Map(); // device -> Map(quality -> seconds)
        this.boots = [];
        this.own = new Map(); // of the present epoch
    }

    // Takes the readings of a page that the chain has just taken.
    take(page, { history: { devices } }) {
        for (const { kind, fields } of page.records) {
            if (kind !== 'reading') continue;
            const listed = devices && fields.device < BigInt(devices.length);
            const device = listed ? devices[Number(fields.device)][0] : `#${fields.device}`;
            const endS = page.baseS + fields.end_s;
            add(spansOf(this.own, device), [endS - fields.span_s, endS, fields.quality]);
        }
    }

    // Gives the epoch's spans their dates: civil second of its second 0, null when it is not known.
    endEpoch(offsetS) {
        if (offsetS !== null && this.boots.length < SPANS_MAX) this.boots.push(offsetS);
        for (const [device, spans] of this.own) {
            for (const [from, until, quality] of spans) {
                if (offsetS !== null) add(spansOf(this.dated, device), [from + offsetS, until + offsetS, quality]);
                else this.addUndated(device, quality, until - from);
            }
        }
        this.own.clear();
    }

    addUndated(device, quality, seconds) {
        if (!this.undatedS.has(device)) this.undatedS.set(device, new Map());
        const undated = this.undatedS.get(device);
        undated.set(quality, (undated.get(quality) ?? 0n) + seconds);
    }

    // Returns [{device, spans, undated}], spans in the order of time.
    devices() {
        return [...new Set([...this.dated.keys(), ...this.undatedS.keys()])].sort().map((device) => ({
            device,
            spans: [...(this.dated.get(device) ?? [])].sort(inOrder),
            undated: this.undatedS.get(device) ?? new Map(),
        }));
    }
}

function spansOf(spans, device) {
    if (!spans.has(device)) spans.set(device, []);
    return spans.get(device);
}

function add(spans, next) {
    const last = spans.at(-1);
    if (last && last[2] === next[2] && next[0] - last[1] >= -1n && next[0] - last[1] <= 1n) {
        if (next[1] > last[1]) last[1] = next[1];
        return;
    }
    spans.push(next);
    if (spans.length <= SPANS_MAX) return;
    const coarser = [];
    for (let at = 0; at < spans.length; at += 2) coarser.push(together(spans[at], spans[at + 1]));
    spans.splice(0, spans.length, ...coarser);
}

// Returns one span in place of two, of the worst that is in them; a hole between them is missing.
function together(one, other) {
    if (!other) return one;
    const whole = other[0] - one[1] <= 1n;
    const worst = WORSE.indexOf(one[2]) > WORSE.indexOf(other[2]) ? one[2] : other[2];
    return [one[0], one[1] > other[1] ? one[1] : other[1], whole ? worst : MISSING];
}

function inOrder(one, other) {
    const name = ([, , quality]) => QUALITY_NAMES[Number(quality)];
    return compare(one[0], other[0]) || compare(one[1], other[1]) || compare(name(one), name(other));
}

function compare(one, other) {
    return one < other ? -1 : one > other ? 1 : 0;
}
