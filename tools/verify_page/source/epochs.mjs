// What is known of one agent's epochs: when each began, until when it lasted at the least, which devices it had.
//
// Pages tell it and so do disclosures: every signed header says when its epoch began, whatever is left out.

export class Epochs {
    constructor() {
        this.epochs = new Map(); // number -> {toldSeq, bootS, latestMs, devices}
    }

    // Takes what is known of a page's epoch after that page: its clock and its devices, null while unknown.
    takePage({ epoch, lastSeq }, clocks, devices) {
        const known = this.epoch(epoch);
        date(known, lastSeq, clocks.offsetS(), clocks.latestMs);
        known.devices ??= devices;
    }

    // Takes what a disclosure says.
    takeShown({ epoch, firstSeq, baseS, civilS, records }) {
        const known = this.epoch(epoch);
        const baseMs = baseS * 1000n;
        date(known, firstSeq, civilS ? civilS - baseS : null, baseMs);
        for (const { kind, fields, seq, end_ms } of records) {
            if (kind === 'boot') known.devices = fields.devices;
            const dated = kind === 'clock' && fields.quality;
            date(known, seq, dated ? seconds(fields.civil_ms - fields.at_ms - baseMs) : null, baseMs + end_ms);
        }
    }

    // Returns the id of a device of an epoch, undefined while its boot record was not seen.
    device(number, index) {
        return this.epochs.get(number)?.devices?.[Number(index)]?.[0];
    }

    // Returns the Unix second until which an epoch surely lasted, 0 while unknown. What is stated in it holds until the
    // next boot, so a known boot of the very next epoch counts as well.
    untilS(number) {
        const [mine, after] = [this.epochs.get(number), this.epochs.get(number + 1n)];
        const lastedS = !mine || mine.bootS === null ? 0n : mine.bootS + mine.latestMs / 1000n;
        const nextS = after?.bootS ?? 0n;
        return lastedS > nextS ? lastedS : nextS;
    }

    epoch(number) {
        if (!this.epochs.has(number)) this.epochs.set(number, { toldSeq: -1n, bootS: null, latestMs: 0n, devices: null });
        return this.epochs.get(number);
    }
}

function date(known, seq, bootS, latestMs) {
    if (latestMs > known.latestMs) known.latestMs = latestMs;
    if (bootS !== null && seq >= known.toldSeq) Object.assign(known, { toldSeq: seq, bootS });
}

// Rounds down, also before 1970.
function seconds(ms) {
    return ms / 1000n - (ms % 1000n < 0n ? 1n : 0n);
}
