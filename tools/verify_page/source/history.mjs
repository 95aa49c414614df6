// What an agent's records say one after another: devices, energy, readings, commands, enrolments.

import { hex } from './bytes.mjs';
import { Enrolments, absurd } from './enrolments.mjs';
import { Meter } from './meters.mjs';
import { ACCEPTED } from './records.mjs';

const OPEN_COMMANDS_MAX = 256; // accepted commands remembered; agents queue a few dozen
const ROUNDING_S = 1n;
const CLOCKS_TRUSTED = [2n, 3n]; // synchronised, relative: time over a boot is measured with them
// How an epoch begins: its boot record is due; earlier records are not here; other records came; all is known.
const [DUE, JOINED, SEEN, SETTLED] = ['due', 'joined', 'seen', 'settled'];

export class History {
    constructor() {
        this.epoch = -1n;
        this.complete = true; // the chain was seen from its start and without a hole
        this.devices = null; // of this epoch's boot record
        this.fuseMa = 0n;
        this.opening = SETTLED;
        this.meters = new Map(); // device id -> Meter
        this.readingEndsS = new Map();
        this.counters = new Map();
        this.commands = [];
        this.kinds = new Map();
        this.accepted = 0;
        this.refused = 0n;
        this.writes = new Map(); // outcome -> how often
        this.done = new Map(); // status of an event -> how often
        this.enrolments = new Enrolments();
    }

    // `whole` says that the epoch's first records come now, with `page`.
    beginEpoch(page, whole) {
        this.epoch = page.epoch;
        this.devices = null;
        this.fuseMa = 0n;
        const readable = page.records.length > 0 && page.records[0].seq === page.firstSeq; // else that is a fault already
        this.opening = !whole ? JOINED : readable ? DUE : SETTLED;
        this.readingEndsS.clear();
        this.enrolments.boot(whole);
    }

    hole() {
        this.complete = false;
    }

    take(page) {
        const faults = [];
        for (const record of page.records) {
            this.kinds.set(record.kind, (this.kinds.get(record.kind) ?? 0) + 1);
            for (const [name, detail] of this.record(record, page)) {
                faults.push({ name, detail, agent: page.agent, seq: record.seq });
            }
        }
        return faults;
    }

    record(record, page) {
        const { kind, fields } = record;
        if (kind === 'boot') return this.boot(fields);
        const found = [];
        if (this.opening === DUE) {
            found.push(['boot_not_first', `epoch ${this.epoch} begins with a ${kind} record`]);
            this.opening = SETTLED;
        } else if (this.opening === JOINED) {
            this.opening = SEEN;
        }
        if (kind === 'refused_many') this.refused += fields.count;
        if (kind === 'decision' && fields.reason !== ACCEPTED) this.refused += 1n;
        if (kind === 'decision' && fields.reason === ACCEPTED) return [...found, ...this.accept(fields)];
        if (kind === 'event') return [...found, ...this.event(fields)];
        if (kind === 'reservation') return [...found, ...this.toldOf(fields.command, 'a reservation'), ...this.unlisted(fields.devices)];
        const index = 'device' in fields ? fields.device : fields.scope;
        if (index === undefined || index === null) return found;
        let [device, model] = [`#${index} of epoch ${this.epoch}`, ''];
        if (this.devices) {
            if (index >= BigInt(this.devices.length)) {
                const listed = `the boot record lists ${this.devices.length}`;
                return [...found, ['unknown_device', `${kind} of device ${index}; ${listed}`]];
            }
            [device, model] = this.devices[Number(index)];
        }
        if (kind !== 'reading') return [...found, ...this.about(device, record, page)];
        return [...found, ...this.interval(device, fields, page.baseS), ...this.energy(device, model, fields, page)];
    }

    // Takes what is said of a device besides its readings.
    about(device, { kind, fields, seq, end_ms }, { civilS }) {
        if (kind === 'gap' && this.meters.has(device)) this.meters.get(device).mayBeginAnew = true;
        if (kind === 'write') this.writes.set(fields.outcome, (this.writes.get(fields.outcome) ?? 0) + 1);
        if (kind !== 'enrolment') return [];
        if (absurd(fields)) {
            return [['enrolment_absurd', `${device} from ${fields.from_s} s until ${fields.until_s} s`]];
        }
        const statedS = civilS && civilS + end_ms / 1000n;
        this.enrolments.take(fields, device, { seq, epoch: this.epoch, named: this.devices !== null, statedS });
        return [];
    }

    boot({ devices, fuse_ma }) {
        const found = [];
        if (this.devices) found.push(['boot_repeated', `in epoch ${this.epoch}`]);
        else if (this.opening === SEEN) {
            found.push(['boot_not_first', `of epoch ${this.epoch}, of which other records came before`]);
        }
        this.opening = SETTLED;
        this.devices = devices;
        this.fuseMa = fuse_ma;
        return found;
    }

    interval(device, { end_s, span_s }, baseS) {
        const endS = baseS + end_s;
        const startS = endS - span_s;
        const lastS = this.readingEndsS.get(device) ?? 0n;
        this.readingEndsS.set(device, endS > lastS ? endS : lastS);
        if (startS < -ROUNDING_S) return [['clock_absurd', `a reading of ${device} began ${-startS} s before the boot`]];
        if (startS < lastS - ROUNDING_S || endS < lastS) {
            return [['readings_overlap', `${device}: ${startS} to ${endS} s after one that ended at ${lastS} s`]];
        }
        return [];
    }

    energy(device, model, fields, page) {
        if (!this.meters.has(device)) this.meters.set(device, new Meter(model));
        const civilS = CLOCKS_TRUSTED.includes(page.clockQuality) ? page.civilS + fields.end_s : 0n;
        const moment = { epoch: page.epoch, endS: page.baseS + fields.end_s, civilS, errorS: page.clockErrorMs / 1000n + 1n };
        return this.meters.get(device).take(device, model, fields, moment, this.fuseMa);
    }

    accept({ command, kid, counter }) {
        this.accepted += 1;
        this.commands.push(hex(command));
        if (this.commands.length > OPEN_COMMANDS_MAX) this.commands.shift();
        if (kid === null || counter === null) return [['decision_unattributed', `command ${hex(command).slice(0, 16)}`]];
        const name = hex(kid);
        const last = this.counters.get(name) ?? -1n;
        this.counters.set(name, counter > last ? counter : last);
        return counter > last ? [] : [['command_replayed', `counter ${counter} of key ${name} after ${last}`]];
    }

    event({ command, status }) {
        this.done.set(status, (this.done.get(status) ?? 0) + 1);
        return this.toldOf(command, `status ${status}`);
    }

    // Returns what is wrong with something that only an accepted command leads to.
    toldOf(command, what) {
        const forgotten = !this.complete || this.commands.length === OPEN_COMMANDS_MAX;
        if (forgotten || this.commands.includes(hex(command))) return [];
        return [['command_unproven', `${what} of command ${hex(command).slice(0, 16)}`]];
    }

    // Returns what is wrong with the devices of a reservation.
    unlisted(devices) {
        if (!this.devices || devices.every((index) => index < BigInt(this.devices.length))) return [];
        return [['unknown_device', `reservation of devices ${devices.join(', ')}; the boot record lists ${this.devices.length}`]];
    }
}
