// The picture of coverage: over the file's time, a row for each device. Height says quality as well as colour does.

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 1000; // of the drawing, in its own units
const HEIGHT = 24;
const HEIGHTS = [HEIGHT, 3, 15, 8]; // good, missing, estimated, bad
export const CLASSES = ['good', 'missing', 'estimated', 'bad'];

// Returns [from, until] of all devices of all agents in civil seconds, null when nothing has a date.
export function extent(devices) {
    const dated = devices.filter(({ from }) => from !== null);
    if (!dated.length) return null;
    const from = dated.reduce((least, device) => (device.from < least ? device.from : least), dated[0].from);
    const until = dated.reduce((most, device) => (device.until > most ? device.until : most), dated[0].until);
    return [from, until > from ? until : from + 1n];
}

// Returns one device's row as an SVG element; its words stand beside it and are its description.
export function row(spans, [from, until], describedBy) {
    const svg = element('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img' });
    svg.setAttribute('aria-labelledby', describedBy);
    svg.append(element('rect', { class: 'nothing', width: WIDTH, height: HEIGHT }));
    const scale = WIDTH / Number(until - from);
    const paths = CLASSES.map(() => '');
    for (const [begin, end, quality] of spans) {
        const left = Number(begin - from) * scale;
        const wide = Math.max(Number(end - begin) * scale, 0.5);
        const tall = HEIGHTS[Number(quality)];
        paths[Number(quality)] += `M${left.toFixed(2)} ${HEIGHT - tall}h${wide.toFixed(2)}v${tall}h-${wide.toFixed(2)}z`;
    }
    paths.forEach((path, quality) => {
        if (path) svg.append(element('path', { class: CLASSES[quality], d: path }));
    });
    return svg;
}

function element(name, attributes) {
    const made = document.createElementNS(SVG, name);
    for (const [attribute, content] of Object.entries(attributes)) made.setAttribute(attribute, String(content));
    return made;
}
