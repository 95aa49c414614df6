// Judges files with the page's modules: reads [{name, raw (base64), and as in manifest.json}] as JSON and writes
// {name: {faults, ok, facts}}. Run by test_in_node.py.

import { readFileSync } from 'node:fs';
import { hex, unhex } from '../../tools/verify_page/source/bytes.mjs';
import { judge } from '../../tools/verify_page/source/judge.mjs';

const CHUNK_BYTES = 1000; // a file comes in pieces, cut anywhere
const STDIN = 0;

function* chunks(raw) {
    for (let at = 0; at < raw.length; at += CHUNK_BYTES) yield new Uint8Array(raw.subarray(at, at + CHUNK_BYTES));
}

function facts({ agents, disclosedRecords, disclosed }) {
    const numbers = (all) => all.map((one) => (typeof one === 'bigint' ? String(one) : one));
    return {
        disclosed: disclosedRecords,
        shown: disclosed.map(({ hash, records }) => [hash, records.map(({ seq, kind }) => numbers([seq, kind]))]),
        agents: agents.map(({ name, pages, records, size, duplicates, firstSeq, chain, coverage }) => ({
            ...{ name, pages, records: String(records), size, duplicates, firstSeq: String(firstSeq) },
            last: [String(chain.nextSeq), chain.lastHash],
            lost: String(chain.lostDeclared),
            corrections: chain.clocks.corrections,
            kinds: Object.fromEntries(chain.history.kinds),
            keys: [...chain.keys.begun.keys()].sort(),
            energy: [...chain.history.meters].flatMap(([device, meter]) => [...meter.registers].map(([register, { wh }]) =>
                numbers([device, meter.model, register, meter.first.get(register), wh]))),
            coverage: coverage.devices().map(({ device, spans, undated }) =>
                [device, spans.map(numbers), [...undated].map(numbers).sort()]),
        })),
    };
}

const judged = {};
for (const { name, raw, keys, last_pages: tails, revoked, after: starts, begun } of JSON.parse(readFileSync(STDIN))) {
    const later = begun.map(([agent, key]) => [agent, unhex(key)]);
    const options = { tails, starts, begun: later, revoked: new Map(Object.entries(revoked).map(([kid, seq]) => [kid, BigInt(seq)])) };
    const given = [{ name, chunks: chunks(Buffer.from(raw, 'base64')) }];
    const report = await judge(given, keys.map(unhex), options);
    const faults = report.faults.map((fault) => [fault.name, fault.agent, fault.seq === null ? null : String(fault.seq)]);
    judged[name] = { faults, ok: report.ok, facts: facts(report) };
}
console.log(JSON.stringify(judged, (_, one) => (one instanceof Uint8Array ? hex(one) : one)));
