// Puts what was found on the screen. Everything is text: nothing of a file is ever read as markup.

import { CLASSES, extent, row } from './picture.mjs';
import { about, faults, fingerprint, moment, shownRecords, verdict } from './telling.mjs';

const RECORDS_SHOWN_MAX = 200;

export function show(place, report, files, zone) {
    const found = verdict(report, files);
    const heading = make('h2', { tabIndex: -1 }, make('span', { className: 'sign', ariaHidden: 'true' }, found.ok ? '✓' : '✗'), found.title);
    const card = make('section', { className: `verdict ${found.ok ? 'good' : 'bad'}` }, heading, make('p', {}, found.sentence));
    if (report.agents.length && found.ok && !report.endKnown) {
        card.append(make('p', { className: 'note' }, 'Pages cut off at the very end cannot show by themselves. If you know the hash of the last '
            + 'page, for example from a receipt, name it under “More checks”.'));
    }
    place.replaceChildren(card, ...problems(report), ...report.agents.map((agent) => agentCard(agent, report, zone)), ...disclosed(report, zone));
    heading.focus();
}

// Makes an element; children that are text stay text.
export function make(name, properties, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
}

function problems(report) {
    const groups = faults(report);
    if (!groups.length) return [];
    const rows = groups.map(({ name, title, meaning, count, items, unlisted }) => {
        const listed = items.map(({ where, detail }) => make('li', {}, make('span', {}, where || 'in the file'), make('small', {}, detail)));
        if (unlisted) listed.push(make('li', {}, `and ${unlisted} more`));
        const opened = make('details', { open: groups.length < 3 }, make('summary', {}, 'where'), make('ul', {}, ...listed));
        const head = make('h4', {}, title, make('span', { className: 'count' }, count > 1 ? ` × ${count}` : ''));
        const fault = make('li', { className: 'fault' }, head, make('p', {}, meaning, ' ', make('code', {}, name)), opened);
        fault.dataset.fault = name;
        fault.dataset.count = count;
        return fault;
    });
    return [make('section', { className: 'card faults' }, make('h3', {}, 'What is wrong'), make('ul', { className: 'plain' }, ...rows))];
}

function agentCard(agent, report, zone) {
    const told = about(agent, report, zone);
    const title = make('h3', {}, 'Agent ', make('code', {}, fingerprint(agent.name)));
    const lines = make('ul', {}, ...told.lines.map((line) => make('li', {}, line)));
    const card = make('section', { className: 'card agent' }, title, make('p', { className: 'period' }, told.period), lines);
    if (told.energy.length) card.append(make('h4', {}, 'Energy'));
    if (told.energy.length && told.doubtful) {
        card.append(make('p', { className: 'wrong' }, 'Not everything holds: do not settle on these numbers.'));
    }
    if (told.energy.length) card.append(energyTable(told.energy));
    if (told.coverage.length) card.append(make('h4', {}, 'What was measured when'), picture(told.coverage, agent.name, zone));
    return card;
}

function energyTable(rows) {
    const head = ['device', 'direction', 'energy in this file', 'register, first', 'register, last'];
    const body = rows.map(({ device, model, direction, rose, first, last }) => make('tr', {},
        make('th', { scope: 'row' }, device, make('small', {}, model)), make('td', {}, direction),
        ...[rose, first, last].map((number, n) => make('td', { className: n ? 'number' : 'number strong' }, number))));
    const table = make('table', {}, make('thead', {}, make('tr', {}, ...head.map((name) => make('th', { scope: 'col' }, name)))),
        make('tbody', {}, ...body));
    return make('div', { className: 'wide', tabIndex: 0, role: 'region', ariaLabel: 'Energy' }, table);
}

function picture(devices, agent, zone) {
    const whole = extent(devices);
    const figure = make('figure', {});
    devices.forEach(({ device, spans, sentence }, n) => {
        const id = `coverage-${agent}-${n}`;
        const label = make('p', { id, className: 'row' }, make('strong', {}, device), ' ', sentence);
        figure.append(label);
        if (whole && spans.length) figure.append(row(spans, whole, id));
    });
    if (!whole) return figure;
    const [from, until] = whole;
    const middle = (from + until) / 2n;
    figure.append(make('div', { className: 'axis', ariaHidden: 'true' }, ...[from, middle, until].map((at) => make('span', {}, moment(at, zone)))));
    const legend = CLASSES.map((name) => make('li', {}, make('span', { className: `swatch ${name}` }), name));
    legend.push(make('li', {}, make('span', { className: 'swatch nothing' }), 'no reading'));
    figure.append(make('figcaption', {}, make('ul', { className: 'legend' }, ...legend)));
    return figure;
}

function disclosed(report, zone) {
    const records = shownRecords(report, zone);
    if (!records.length) return [];
    const rows = records.slice(0, RECORDS_SHOWN_MAX).map(({ agent, seq, kind, when, fields }) => make('tr', {},
        make('th', { scope: 'row' }, `${kind} ${seq}`, make('small', {}, fingerprint(agent))), make('td', {}, when),
        make('td', {}, make('dl', {}, ...fields.flatMap(([name, told]) => [make('dt', {}, name), make('dd', {}, told)])))));
    const head = ['record', 'when', 'what it says'].map((name) => make('th', { scope: 'col' }, name));
    const table = make('table', {}, make('thead', {}, make('tr', {}, ...head)), make('tbody', {}, ...rows));
    const more = records.length > RECORDS_SHOWN_MAX ? [make('p', { className: 'note' }, `and ${records.length - RECORDS_SHOWN_MAX} more`)] : [];
    const region = make('div', { className: 'wide', tabIndex: 0, role: 'region', ariaLabel: 'Disclosed records' }, table);
    const note = 'Each of these was signed by the agent as it stands here. Of the records of the same pages that are not shown, nothing is known.';
    return [make('section', { className: 'card' }, make('h3', {}, 'Disclosed records'), make('p', {}, note), region, ...more)];
}
