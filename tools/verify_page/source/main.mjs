// The page itself: takes keys and files, judges, shows. Nothing leaves this computer.

import { asked } from './asked.mjs';
import { kidOf } from './envelope.mjs';
import { judge, publicKeys } from './judge.mjs';
import { fingerprint } from './telling.mjs';
import { make, show } from './view.mjs';

const PROGRESS_EVERY_MS = 100;
const KEY_FILE_BYTES_MAX = 65536;
const FIELDS = ['last', 'after', 'begun', 'revoked'];
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const at = (id) => document.getElementById(id);
let keys = [];
let files = [];
let run = 0; // of which the newest counts

async function readKeys() {
    const found = await publicKeys(new TextEncoder().encode(at('keys').value));
    keys = found.keys;
    const shown = keys.map((key) => make('li', {}, 'fingerprint ', make('code', {}, fingerprint(kidOf(key)))));
    const wrong = found.wrong.map((word) => make('li', { className: 'wrong' }, `“${word.slice(0, 24)}” is no public key`));
    at('fingerprints').replaceChildren(...shown, ...wrong);
    await start();
}

async function addKeyFile(file) {
    const { keys: found, wrong } = await publicKeys(new Uint8Array(await file.slice(0, KEY_FILE_BYTES_MAX).arrayBuffer()));
    const text = found.map((key) => Array.from(key, (byte) => byte.toString(16).padStart(2, '0')).join(''));
    at('keys').value = [at('keys').value.trim(), ...text, ...(found.length ? [] : wrong.slice(0, 1))].filter(Boolean).join('\n');
    await readKeys();
}

async function start() {
    const mine = ++run;
    at('result').replaceChildren();
    at('progress').hidden = true;
    at('chosen').textContent = files.map(({ name }) => name).join(', ');
    at('ask').hidden = !files.length || keys.length > 0;
    if (!files.length || !keys.length) return;
    const { options, wrong } = await asked(Object.fromEntries(FIELDS.map((id) => [id, at(id).value])), keys);
    if (mine !== run) return;
    for (const id of FIELDS) at(`${id}-wrong`).hidden = !wrong[id].length;
    if (FIELDS.some((id) => wrong[id].length)) return;
    try {
        const whole = files.reduce((sum, { size }) => sum + size, 0);
        const report = await judge(files.map(streamed), keys, options, progress(mine, whole));
        if (mine === run) show(at('result'), report, files.map(({ name }) => name), zone);
    } catch (error) {
        if (mine === run && !(error instanceof Stopped)) broken(error);
    } finally {
        if (mine === run) at('progress').hidden = true;
    }
}

class Stopped extends Error {}

function streamed(file) {
    return { name: file.name, chunks: chunksOf(file.stream().getReader()) };
}

async function* chunksOf(reader) {
    for (let { done, value: chunk } = await reader.read(); !done; { done, value: chunk } = await reader.read()) yield chunk;
}

function progress(mine, whole) {
    let [told, before, fileName, offsetBefore] = [performance.now(), 0, '', 0];
    return (offset, pieces, name) => {
        if (mine !== run) throw new Stopped();
        if (name !== fileName || offset < offsetBefore) before += offsetBefore;
        [fileName, offsetBefore] = [name, offset];
        if (performance.now() - told < PROGRESS_EVERY_MS) return;
        told = performance.now();
        at('progress').hidden = false;
        at('bar').max = whole;
        at('bar').value = before + offset;
        at('counted').textContent = `${pieces} pages, ${Math.round((before + offset) / 1e5) / 10} of ${Math.round(whole / 1e5) / 10} MB`;
    };
}

function broken(error) {
    const sentence = `This page could not finish: ${error.message}. Nothing is proven.`;
    at('result').replaceChildren(make('section', { className: 'verdict bad' }, make('h2', {}, 'Not judged'), make('p', {}, sentence)));
}

async function taken(list) {
    files = [...list];
    await start();
}

function dropped(event) {
    event.preventDefault();
    document.body.classList.remove('over');
    const given = [...event.dataTransfer.files];
    if (event.target.closest('#key-area')) given.forEach(addKeyFile);
    else if (given.length) taken(given);
}

if (globalThis.crypto?.subtle) {
    at('keys').addEventListener('input', readKeys);
    for (const id of FIELDS) at(id).addEventListener('change', start);
    at('key-file').addEventListener('change', () => [...at('key-file').files].forEach(addKeyFile));
    at('files').addEventListener('change', () => taken(at('files').files));
    at('stop').addEventListener('click', () => {
        files = [];
        at('files').value = '';
        start();
    });
    document.addEventListener('dragover', (event) => {
        event.preventDefault();
        document.body.classList.add('over');
    });
    document.addEventListener('dragleave', (event) => {
        if (!event.relatedTarget) document.body.classList.remove('over');
    });
    document.addEventListener('drop', dropped);
    document.documentElement.dataset.ready = 'yes';
    readKeys();
} else {
    at('unable').hidden = false;
}
