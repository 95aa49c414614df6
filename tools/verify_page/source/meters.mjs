// Energy registers over an agent's readings: they never fall, and never rise faster than the fuse allows.
//
// The bound is what the connection carries in the time between two readings: three phases of the fuse's current at 253 V
// (230 V + 10 %, EN 50160), a quarter more (the current that a fuse carries for long without melting, IEC 60269-1), and one
// kilowatt-hour, the coarsest step of a register. All numbers are BigInt.

import { ENERGY_REGISTERS, QUALITY_BAD } from './records.mjs';

const VOLTAGE_V_MAX = 253n;
const PHASES = 3n;
const STEP_WH = 1000n;
const MA_S_PER_WH = 3600000n;

// What was last seen of one device id. A moment is {epoch, endS, civilS (0 unknown), errorS}.
export class Meter {
    constructor(model) {
        this.model = model;
        this.registers = new Map(); // name -> {wh, moment}
        this.first = new Map();
        this.roseWh = new Map(); // over all that follows without a fault or an exchange
        this.mayBeginAnew = false;
    }

    // Follows the registers of the next reading; `fuseMa` 0 is not known.
    take(device, model, { values, quality, span_s: spanS }, moment, fuseMa) {
        const told = [...ENERGY_REGISTERS].filter(([number]) => values.has(number));
        if (!told.length || quality === QUALITY_BAD) return [];
        const found = this.followModel(device, model);
        for (const [number, name] of told) {
            const wh = values.get(number);
            if (this.registers.has(name)) found.push(...this.rise(`${device} ${name}`, name, wh, moment, fuseMa));
            this.registers.set(name, { wh, moment: begun(moment, spanS) });
            if (!this.first.has(name)) this.first.set(name, wh);
        }
        return found;
    }

    rise(what, name, wh, moment, fuseMa) {
        const last = this.registers.get(name);
        const wrong = judged(what, last, wh, moment, fuseMa);
        if (!wrong.length) this.roseWh.set(name, (this.roseWh.get(name) ?? 0n) + wh - last.wh);
        return wrong;
    }

    followModel(device, model) {
        const found = [];
        if (this.mayBeginAnew) {
            this.registers.clear();
            this.mayBeginAnew = false;
        } else if (this.model !== model) {
            found.push(['device_swapped', `${device} was ${this.model} and is ${model}`]);
            this.registers.clear();
        }
        this.model = model;
        return found;
    }
}

// Returns when a reading's span began: so old its register may be, if the device fell silent then.
function begun({ epoch, endS, civilS, errorS }, spanS) {
    const beganS = civilS - spanS;
    return { epoch, endS: endS - spanS, civilS: civilS && (beganS > 1n ? beganS : 1n), errorS };
}

function judged(what, last, wh, moment, fuseMa) {
    if (wh < last.wh) return [['energy_fell', `${what} from ${last.wh} to ${wh}`]];
    const elapsedS = elapsed(last.moment, moment);
    if (!fuseMa || elapsedS === null || elapsedS < 0n) return [];
    const mostWh = (PHASES * fuseMa * VOLTAGE_V_MAX * elapsedS * 5n) / (4n * MA_S_PER_WH) + STEP_WH;
    if (wh - last.wh <= mostWh) return [];
    return [['energy_impossible', `${what} by ${wh - last.wh} Wh in ${elapsedS} s, at most ${mostWh} with ${fuseMa} mA`]];
}

// Returns the most seconds that may lie between, null when nobody knows.
function elapsed(earlier, later) {
    if (later.epoch === earlier.epoch) return later.endS - earlier.endS;
    if (!later.civilS || !earlier.civilS) return null;
    const between = later.civilS - earlier.civilS;
    return (between > 0n ? between : 0n) + later.errorS + earlier.errorS;
}
