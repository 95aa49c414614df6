// What a report says in plain words. Pure text and numbers: the page puts it on the screen.

import { hex } from './bytes.mjs';
import { FAULTS, GROUPS } from './words.mjs';

const REGISTERS = { import_wh: 'drawn', export_wh: 'given back' };
const COMPLETED = 3n;
const [APPLIED, REJECTED, FAILED, DEFAULTED] = [0n, 1n, 2n, 3n]; // outcome of a write
const QUALITIES = ['good', 'missing', 'estimated', 'bad'];
const TIMES = ['at_ms', 'end_s']; // said as the record's own time
const CONTEXT = ['', 'set-point', 'because of', 'owner opted out:'];
const QUANTITIES = [
    null, ['power', 'W'], ['power L1', 'W'], ['power L2', 'W'], ['power L3', 'W'], ['current L1', 'mA'], ['current L2', 'mA'],
    ['current L3', 'mA'], ['voltage L1', 'mV'], ['voltage L2', 'mV'], ['voltage L3', 'mV'], ['frequency', 'mHz'],
    ['energy drawn', 'Wh'], ['energy given back', 'Wh'], ['current limit', 'mA'], ['vehicle state', ''], ['charge', '‰'],
    ['set-point', 'W'], ['power limit', 'W'], ['mode', ''], ['room', 'm°C'], ['target', 'm°C'], ['tank', 'm°C'],
    ['outside', 'm°C'], ['contact', ''], ['fault code', ''], ['limit ends in', 'ms'], ['solar power', 'W'], ['phases', ''],
];
const GOOD = 0n;
const MISSING = 1n;
const HOUR_S = 3600;

export function many(count, noun) {
    return `${grouped(count)} ${noun}${BigInt(count) === 1n ? '' : 's'}`;
}

export function grouped(number) {
    return String(number).replace('-', '−').replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
}

// Returns energy in Wh as kWh with all its digits.
export function kilowattHours(wh) {
    const sign = wh < 0n ? '−' : '';
    const whole = wh < 0n ? -wh : wh;
    return `${sign}${grouped(whole / 1000n)}.${String(whole % 1000n).padStart(3, '0')} kWh`;
}

export function moment(civilS, zone) {
    const options = { dateStyle: 'medium', timeStyle: 'medium', timeZone: zone };
    const date = new Date(Number(civilS) * 1000);
    return Number.isNaN(date.getTime()) ? `second ${civilS}` : new Intl.DateTimeFormat('en-GB', options).format(date);
}

// Returns a duration in its two largest units.
export function lasting(seconds) {
    const units = [[86400, 'day'], [HOUR_S, 'hour'], [60, 'minute'], [1, 'second']];
    let left = Number(seconds);
    const told = [];
    for (const [size, noun] of units) {
        const count = Math.floor(left / size);
        if (count && told.length < 2) told.push(many(count, noun));
        left -= count * size;
    }
    return told.join(' ') || 'no time';
}

export function fingerprint(kid) {
    return kid.match(/.{4}/g).join(' ');
}

// Returns {ok, title, sentence}.
export function verdict(report, files) {
    const pages = report.agents.reduce((sum, agent) => sum + agent.pages, 0);
    const records = report.agents.reduce((sum, agent) => sum + agent.records, 0n);
    const judged = [];
    if (pages) judged.push(`${many(pages, 'page')} with ${many(records, 'record')}`);
    if (report.disclosed.length) judged.push(`${many(report.disclosedRecords, 'disclosed record')}`);
    const what = judged.join(' and ') || 'nothing';
    const where = files.length === 1 ? files[0] : many(files.length, 'file');
    if (report.ok) {
        const whole = pages ? 'signed, unchanged, in order, none missing between' : 'signed and unchanged; what was left out stays unknown';
        return { ok: true, title: 'Everything here is proven', sentence: `${what} in ${where}: ${whole}.` };
    }
    const faults = [...report.counts.values()].reduce((sum, count) => sum + count, 0);
    const groups = Object.keys(GROUPS).filter((group) => [...report.counts.keys()].some((name) => FAULTS[name][0] === group));
    const sentence = `${many(faults, 'fault')} found; ${what} in ${where} could be read.`;
    return { ok: false, title: groups.length === 1 ? GROUPS[groups[0]] : 'Not everything here can be trusted', sentence };
}

// Returns the faults by name: [{name, title, meaning, count, items: [{where, detail}], unlisted}], the worst first.
export function faults(report, listedMax = 20) {
    const order = Object.keys(GROUPS);
    return [...report.counts]
        .map(([name, count]) => {
            const [group, title, meaning] = FAULTS[name];
            const listed = report.faults.filter((fault) => fault.name === name).slice(0, listedMax);
            const items = listed.map(({ agent, seq, place, detail }) => ({ where: whereabouts(agent, seq, place), detail }));
            return { name, group, title, meaning, count, items, unlisted: count - items.length };
        })
        .sort((one, other) => order.indexOf(one.group) - order.indexOf(other.group));
}

function whereabouts(agent, seq, place) {
    const told = [];
    if (agent) told.push(`agent ${fingerprint(agent)}`);
    if (seq !== null) told.push(`record ${seq}`);
    if (place) told.push(place);
    return told.join(', ');
}

// Returns what is proven of one agent: {period, lines, energy, coverage, doubtful}; doubtful: something is wrong with it.
export function about(agent, report, zone) {
    const { chain, coverage, pages, records, epochs, civilS, firstSeq } = agent;
    const { history } = chain;
    const [from, until] = civilS;
    const period = from === undefined ? 'The agent did not know the date; order and durations are proven all the same.'
        : `${moment(from, zone)} to ${moment(until, zone)}`;
    const numbers = chain.nextSeq === null ? '' : `, numbers ${firstSeq} to ${chain.nextSeq - 1n}`;
    const lines = [`${many(records, 'record')} in ${many(pages, 'page')}${numbers}, from ${many(epochs.size, 'start')} of the agent.`];
    lines.push(...commands(history), ...settings(history), ...notes(agent));
    const rows = coverage.devices().map((device) => ({ ...device, ...covered(device) }));
    return { period, lines, energy: energy(history.meters), coverage: rows, doubtful: doubtful(agent.name, report) };
}

// What is wrong with nobody knows whose evidence may be this agent's, too; so may what is no longer listed.
function doubtful(agent, { faults: listed, counts }) {
    const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
    return listed.some((fault) => !fault.agent || fault.agent === agent) || all > listed.length;
}

function commands({ accepted, refused, done }) {
    if (!accepted && !refused) return ['No command reached it.'];
    const completed = done.get(COMPLETED) ?? 0;
    const obeyed = `${many(accepted, 'command')} accepted, ${many(completed, 'control')} carried out to the end`;
    return [`${obeyed}; ${many(refused, 'command')} refused.`];
}

function settings({ writes }) {
    if (!writes.size) return [];
    const whole = [...writes.values()].reduce((sum, count) => sum + count, 0);
    const words = [[APPLIED, 'obeyed'], [DEFAULTED, 'returned to the default'], [REJECTED, 'refused by the device'], [FAILED, 'failed']];
    const told = words.filter(([outcome]) => writes.has(outcome)).map(([outcome, word]) => `${grouped(writes.get(outcome))} ${word}`);
    return [`${many(whole, 'setting')} sent to devices: ${told.join(', ')}.`];
}

function notes({ chain }) {
    const told = [];
    if (chain.lostDeclared) told.push(`The agent itself declares ${many(chain.lostDeclared, 'record')} lost.`);
    if (chain.clocks.corrections) told.push(`Its clock was corrected ${many(chain.clocks.corrections, 'time')}, and records say so.`);
    const later = chain.keys.begun.size - 1;
    if (later) told.push(`It changed keys: ${many(later, 'new key')}, proven by the one before.`);
    return told;
}

function energy(meters) {
    return [...meters].flatMap(([device, meter]) => [...meter.registers].map(([name, { wh }]) => ({
        device,
        model: meter.model,
        direction: REGISTERS[name],
        rose: kilowattHours(meter.roseWh.get(name) ?? 0n),
        first: kilowattHours(meter.first.get(name)),
        last: kilowattHours(wh),
    })));
}

// Returns {from, until, sentence} of one device's dated spans.
function covered({ spans, undated }) {
    const seconds = QUALITIES.map(() => 0n);
    let [from, until, gaps, longest] = [null, null, 0, 0n];
    for (const [begin, end, quality] of spans) {
        seconds[Number(quality)] += end - begin;
        if (until !== null && begin - until > 1n) {
            gaps += 1;
            if (begin - until > longest) longest = begin - until;
        }
        from ??= begin;
        if (until === null || end > until) until = end;
    }
    for (const [quality, more] of undated) seconds[Number(quality)] += more;
    return { from, until, sentence: coverageSentence(seconds, from, until, gaps, longest) };
}

function coverageSentence(seconds, from, until, gaps, longest) {
    const told = QUALITIES.map((name, quality) => [name, seconds[quality], BigInt(quality)]).filter(([, lasted]) => lasted > 0n);
    const words = told.map(([name, lasted, quality]) => `${lasting(lasted)} ${[GOOD, MISSING].includes(quality) ? '' : 'marked '}${name}`);
    if (from === null) return `${words.join(', ')}; without a date`;
    const whole = until - from;
    const share = whole > 0n ? Number((seconds[0] * 1000n) / whole) / 10 : 100;
    const holes = gaps ? `, ${many(gaps, 'gap')} between, the longest ${lasting(longest)}` : ', no gap';
    return `${words.join(', ')} (${Math.min(share, 100)} % good)${holes}`;
}

// Returns disclosed records as [{agent, seq, kind, fields}] in words.
export function shownRecords(report, zone) {
    return report.disclosed.flatMap(({ agent, civilS, records }) => records.map(({ seq, kind, fields, end_ms }) => ({
        agent,
        seq,
        kind: kind.replace('_', ' '),
        when: civilS ? moment(civilS + end_ms / 1000n, zone) : `${lasting(end_ms / 1000n)} into its page`,
        fields: Object.entries(fields).filter(([name]) => !TIMES.includes(name)).map(said),
    })));
}

// Returns a field's name and content in words, as far as there are any.
function said([name, told]) {
    if (name === 'quality') return [name, QUALITIES[Number(told)]];
    if (name === 'span_s') return ['over', lasting(told)];
    if (name === 'values') return ['measured', [...told].map(measured).join(', ') || 'nothing'];
    if (name === 'context') return [name, [...told].map(([number, one]) => `${CONTEXT[Number(number)]} ${plain(one)}`).join(', ') || 'none'];
    return [name.replaceAll('_', ' '), plain(told)];
}

function measured([number, one]) {
    const [noun, unit] = QUANTITIES[Number(number)] ?? [`quantity ${number}`, ''];
    return `${noun} ${grouped(one)}${unit && '\u00a0'}${unit}`;
}

function plain(told) {
    if (told instanceof Uint8Array) return hex(told);
    if (Array.isArray(told)) return told.map(plain).join(' · ') || 'nothing';
    return told === null ? 'none' : String(told);
}
