// The records of a page, one table row per kind; a delta becomes the reading that it tells.
//
// Source: docs/format.md, "Records" and the table of numbers below it. All integers are BigInt.

import { hex } from './bytes.mjs';
import { isBytes } from './envelope.mjs';
import { NotStrict, decode } from './strict.mjs';

export const ENERGY_REGISTERS = new Map([[12n, 'import_wh'], [13n, 'export_wh']]);
export const QUALITY_MISSING = 1n;
export const QUALITY_BAD = 3n;
export const ACCEPTED = 0n;
export const GAP_METER_EXCHANGED = 3n;
export const GAPS_LOSING = [2n, 4n]; // journal full, records damaged
const DELTA = 13n;
const KEY_ENDS = 2n;
const PROTECTIONS = ['rest', 'run', 'starts', 'longest stop', 'charge', 'ramp', 'wear', 'phases', 'random'].map((name) => `protection ${name}`);
const SECONDS_MAX = 1n << 40n;
const INTEGER_MAX = 1n << 64n;

export const integer = (item) => typeof item === 'bigint' && -INTEGER_MAX <= item && item < INTEGER_MAX;
export const uint = (item) => integer(item) && item >= 0n;
export const octets = (size) => (item) => isBytes(item) && item.length === size;
export const seconds = (item) => uint(item) && item < SECONDS_MAX;
export const milliseconds = (item) => uint(item) && item < SECONDS_MAX * 1000n;
export const upTo = (most) => (item) => uint(item) && item <= BigInt(most);
const text = (item) => typeof item === 'string';
const flag = (item) => typeof item === 'boolean';
const orNull = (check) => (item) => item === null || check(item);
const oneOf = (...numbers) => (item) => typeof item === 'bigint' && numbers.includes(Number(item));
const protection = (item) => PROTECTIONS.includes(item);
const uints = (item) => Array.isArray(item) && item.every(uint);
const digest = octets(32);

function quantities(item) {
    if (!(item instanceof Map)) return false;
    for (const [number, measured] of item) {
        if (!integer(measured) || (ENERGY_REGISTERS.has(number) && measured < 0n)) return false;
    }
    return true;
}

function context(item) {
    if (!(item instanceof Map)) return false;
    const checks = new Map([[1n, orNull(integer)], [2n, text], [3n, (told) => told === true]]);
    return [...item].every(([number, told]) => checks.has(number) && checks.get(number)(told));
}

function deviceList(item) {
    if (!Array.isArray(item)) return false;
    if (!item.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(text))) return false;
    return new Set(item.map(([id]) => id)).size === item.length;
}

const AT = ['at_ms', milliseconds];
const DEVICE = ['device', uint];
const KINDS = new Map([
    [1n, ['reading', [['end_s', seconds], ['span_s', seconds], DEVICE, ['quality', upTo(3)], ['values', quantities],
        ['context', context]]]],
    [2n, ['boot', [AT, ['version', text], ['runtime', text], ['firmware', digest], ['config', digest], ['fuse_ma', uint],
        ['devices', deviceList]]]],
    [3n, ['decision', [AT, ['command', digest], ['kid', orNull(octets(8))], ['counter', orNull(uint)], ['reason', upTo(16)]]]],
    [4n, ['write', [AT, DEVICE, ['set_point', orNull(integer)], ['outcome', upTo(3)], ['evidence', upTo(3)],
        ['kept', orNull(integer)], ['source', text]]]],
    [5n, ['binding', [AT, DEVICE, ['granted', orNull(integer)], ['source', text]]]],
    [6n, ['event', [AT, ['command', digest], ['status', oneOf(1, 2, 3, 6, 7, 16)]]]],
    [7n, ['device_state', [AT, DEVICE, ['state', upTo(4)]]]],
    [8n, ['clock', [AT, ['civil_ms', milliseconds], ['quality', upTo(3)], ['error_ms', milliseconds]]]],
    [9n, ['gap', [AT, ['cause', oneOf(1, 2, 3, 4, 5, 6)], ['lost', uint], ['device', orNull(uint)]]]],
    [10n, ['failsafe', [AT, ['scope', orNull(uint)], ['cause', oneOf(1, 2, 3, 4, 5)], ['entered', flag]]]],
    [11n, ['refused_many', [AT, ['count', uint]]]],
    [12n, ['delay', [AT, DEVICE, ['granted', orNull(integer)], ['source', protection], ['wait_ms', orNull(milliseconds)],
        ['starts_left', orNull(uint)], ['writes', uint]]]],
    [14n, ['enrolment', [AT, DEVICE, ['asset', digest], ['programme', text], ['from_s', seconds], ['until_s', seconds]]]],
    [15n, ['key_change', [AT, ['action', oneOf(1, 2)], ['key', octets(65)], ['proof', orNull(octets(64))]]]],
    [16n, ['reservation', [AT, ['command', digest], ['source', text], ['place', text], ['devices', uints], ['direction', upTo(1)],
        ['power_w', uint], ['wait_ms', milliseconds], ['left_ms', milliseconds]]]],
    [17n, ['not_before', [AT, ['command', digest], ['left_ms', milliseconds]]]],
]);

// Decodes one record; `bases`: place in the page -> reading that a delta may be told by. Throws NotStrict.
export function readRecord(raw, seq, bases) {
    const parts = decode(raw);
    if (!Array.isArray(parts) || !(parts[0] === DELTA || KINDS.has(parts[0]))) {
        throw new NotStrict('record_shape', 'no record of a known kind');
    }
    if (parts[0] === DELTA) return toldBy(parts, seq, bases);
    const [kind, shape] = KINDS.get(parts[0]);
    if (parts.length !== shape.length + 1) {
        throw new NotStrict('record_shape', `a ${kind} record of ${parts.length} elements instead of ${shape.length + 1}`);
    }
    const fields = {};
    shape.forEach(([name, check], place) => {
        if (!check(parts[place + 1])) throw new NotStrict('record_shape', `${kind}.${name} is ${shown(parts[place + 1])}`);
        fields[name] = parts[place + 1];
    });
    if (kind === 'reading' && !fields.values.size && fields.quality !== QUALITY_MISSING) {
        throw new NotStrict('record_shape', 'a reading without any quantity that is not marked missing');
    }
    if (kind === 'gap') checkGap(fields);
    if (kind === 'key_change' && fields.action === KEY_ENDS && fields.proof !== null) {
        throw new NotStrict('record_shape', 'a key is ended with a proof');
    }
    return { seq, kind, fields, end_ms: kind === 'reading' ? fields.end_s * 1000n : fields.at_ms, base: null };
}

function checkGap(fields) {
    if ((fields.cause === GAP_METER_EXCHANGED) !== (fields.device !== null)) {
        throw new NotStrict('record_shape', `a gap of cause ${fields.cause} with device ${fields.device}`);
    }
    if (fields.lost && !GAPS_LOSING.includes(fields.cause)) {
        throw new NotStrict('record_shape', `a gap of cause ${fields.cause} that loses ${fields.lost} records`);
    }
}

function toldBy(parts, seq, bases) {
    const [, spans, place, ...added] = parts;
    if (!seconds(spans) || !uint(place) || !added.every((one) => typeof one === 'bigint')) {
        throw new NotStrict('record_shape', 'a delta that is not spans, base and integers');
    }
    if (!bases.has(place)) throw new NotStrict('delta_base', `no reading at place ${place} before it`);
    const base = bases.get(place).fields;
    if (added.length !== base.values.size) {
        throw new NotStrict('delta_count', `${added.length} integers for ${base.values.size} quantities`);
    }
    if (spans === 0n) throw new NotStrict('delta_spans', '0 spans after its base');
    // A map's keys come in rising order: the encoding allows no other.
    const values = new Map([...base.values].map(([number, was], n) => [number, was + added[n]]));
    const end_s = base.end_s + spans * base.span_s;
    if (end_s >= SECONDS_MAX || !quantities(values)) {
        throw new NotStrict('delta_range', `a reading that ends at ${end_s} s`);
    }
    return { seq, kind: 'reading', fields: { ...base, end_s, values }, end_ms: end_s * 1000n, base: place };
}

// Returns the place of the reading that a delta is told by, null for any other record.
export function baseOf(raw) {
    const parts = decode(raw);
    return Array.isArray(parts) && parts[0] === DELTA && uint(parts[2]) ? parts[2] : null;
}

export function shown(item) {
    return (isBytes(item) ? hex(item) : String(item)).slice(0, 60);
}
