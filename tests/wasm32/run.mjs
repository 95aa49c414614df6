// Runs jobs in MicroPython for WebAssembly: node run.mjs FOLDER WASM HEAP_KB STEPS ROMFS < jobs.json
//
// A job is [module, test]; jobs.json is { jobs, units }, and `units` the products that the module `host` speaks for. STEPS steps of tasks are done in one call; between calls MicroPython may collect its heap. Prints
// a line of JSON for each job: what the test printed, whether it passed, and the heap; `harness` is what this program and
// runner.py hold in it. This build never runs out of memory, it takes more from its host: `total` is what it has taken.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const TOTAL_BYTES_MAX = 16 << 20; // collecting a heap that was once large takes long ever after

const [folder, wasm, heapKb, steps, romfs] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(resolve(folder, 'micropython.mjs')));
const { jobs, units } = JSON.parse(readFileSync(0, 'utf8'));
const source = readFileSync(new URL('runner.py', import.meta.url), 'utf8');

/** One MicroPython with runner.py in it. */
class Machine {
    static async start() {
        const machine = new Machine();
        machine.said = [];
        machine.python = await loadMicroPython({
            heapsize: Number(heapKb) * 1024,
            url: resolve(folder, wasm),
            romfs: readFileSync(romfs),
            stdout: (line) => machine.said.push(line),
        });
        machine.python.registerJsModule('host', { answer, memory: (size) => machine.python._module._malloc(size) });
        machine.python.runPython('import asyncio');
        machine.bare = machine.heap();
        for (const part of source.split(/\n\n\n/)) machine.python.runPython(part);
        for (const name of ['load', 'begin', 'turn', 'went_well']) machine[name] = machine.python.globals.get(name);
        machine.python.runPython('prepare()');
        machine.harness = machine.heap().used - machine.bare.used;
        return machine;
    }

    /** Return the bytes of the whole heap and of what is in use after a collection. */
    heap() {
        const before = this.said;
        this.said = [];
        this.python.runPython('import gc; gc.collect()');
        this.python.runPython('import micropython; micropython.mem_info()');
        const [, total, used] = this.said.join(' ').match(/GC: total: (\d+), used: (\d+)/);
        this.said = before;
        return { total: Number(total), used: Number(used) };
    }

    run(module, test) {
        this.said = [];
        const began = process.cpuUsage().user;
        let passed = this.load(module);
        const loaded = this.heap();
        if (passed) {
            this.begin(module, test);
            while (this.turn(Number(steps)));
            passed = this.went_well();
        }
        const cpu_s = (process.cpuUsage().user - began) / 1e6;
        const said = this.said.join('\n');
        return { module, test, passed, said, cpu_s, bare: this.bare, harness: this.harness, loaded, heap: this.heap() };
    }
}

/** Answer Modbus TCP as the products of `units` do: registers, and what a written one is copied to. */
function answer(request) {
    const bytes = Buffer.from(request, 'hex');
    const [unit, code, address, count] = [bytes[6], bytes[7], bytes.readUInt16BE(8), bytes.readUInt16BE(10)];
    const { registers, copies } = units[unit];
    const size = code === 6 ? 1 : count;
    const wanted = Array.from({ length: size }, (_, index) => address + index);
    let body;
    if (wanted.some((each) => !(each in registers))) {
        body = Buffer.from([unit, code | 128, 2]);
    } else if (code === 6 || code === 16) {
        for (const [index, each] of wanted.entries()) {
            registers[each] = bytes.readUInt16BE(code === 6 ? 10 : 13 + 2 * index);
            if (each in copies) registers[copies[each]] = registers[each];
        }
        body = Buffer.from([unit, code, ...bytes.subarray(8, 12)]);
    } else {
        body = Buffer.from([unit, code, 2 * size, ...wanted.flatMap((each) => [registers[each] >> 8, registers[each] & 255])]);
    }
    const head = Buffer.from(bytes.subarray(0, 6));
    head.writeUInt16BE(body.length, 4);
    return Buffer.concat([head, body]).toString('hex');
}

let machine = await Machine.start();
for (const [module, test] of jobs) {
    if (machine.heap().total > TOTAL_BYTES_MAX) machine = await Machine.start();
    console.log(JSON.stringify(machine.run(module, test)));
}
