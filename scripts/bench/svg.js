import { lane, style } from './svg-style.js';
import { ratio } from './table.js';

const [rowHeight, top, left] = [46, 92, 142];
/** Of one panel: its plot, and the ratios beside it. */
const [plotWidth, ratioWidth, gap] = [196, 58, 26];
const panels = [
  { what: 'dump', words: 'dump, left running' },
  { what: 'frozen', words: 'frozen, seen from inside' },
  { what: 'restore', words: 'restore' },
];
const sides = [
  { side: 'criujs', words: 'criujs, as a command' },
  { side: 'library', words: 'criujs, warm library' },
  { side: 'criu', words: 'CRIU' },
];

/**
 * A plot for the README: a panel a measurement, a row a scenario, a dot a median with its quartiles, on logarithmic scales.
 * @param {import('./bench-engines.js').Report} report
 */
export function plot({ scenarios, machine, date, rounds, node, criu, images }) {
  const width = left + panels.length * (plotWidth + ratioWidth + gap);
  const bottom = top + scenarios.length * rowHeight;
  const height = bottom + 68;
  const names = scenarios.map(({ title }, at) => text(left - 14, rowMiddle(at) + 4, title, 'end'));
  const title = `criujs beside CRIU${criu === null ? '' : ` ${criu}`}: medians and quartiles of ${rounds} rounds, in milliseconds`;
  const where = `${date}, ${machine}, Node ${node}, images ${images}.`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">
<title id="title">${escaped(title)}</title>
${style}
<rect class="paper" width="${width}" height="${height}" rx="6"/>
${text(16, 26, title, 'start', 'strong')}
${legend().join('\n')}
${names.join('\n')}
${panels.map((panel, at) => drawPanel(panel, at, scenarios, bottom)).join('\n')}
${text(16, height - 14, where, 'start', 'small')}
</svg>
`;
}

function legend() {
  const entries = sides.map(({ side, words }, at) => {
    const x = 24 + at * 160;
    return `<circle class="${side}" cx="${x}" cy="46" r="4.5"/>${text(x + 10, 50, words, 'start', 'small')}`;
  });
  const x = 24 + sides.length * 160 - 60;
  const tick = `<line class="limit" x1="${x}" x2="${x}" y1="39" y2="53"/>`;
  const limit = text(x + 10, 50, 'the least: a write of the same bytes, for a restore a copy', 'start', 'small');
  const node = `<line class="node" x1="${x + 344}" x2="${x + 344}" y1="39" y2="53"/>`;
  return [...entries, tick, limit, node, text(x + 354, 50, "Node's start", 'start', 'small')];
}

function drawPanel({ what, words }, index, scenarios, bottom) {
  const x0 = left + index * (plotWidth + ratioWidth + gap);
  const summaries = scenarios.flatMap(({ measures }) => Object.values(measures[what]));
  const scale = logarithmic(summaries, x0);
  const heading = [
    text(x0, top - 16, words, 'start', 'strong'),
    text(x0 + plotWidth + ratioWidth, top - 16, '× CRIU', 'end', 'small'),
  ];
  const grid = scale.ticks.map(
    (ms) =>
      `<line class="grid" x1="${scale.at(ms)}" x2="${scale.at(ms)}" y1="${top - 6}" y2="${bottom}"/>` +
      text(scale.at(ms), bottom + 16, label(ms), 'middle', 'small'),
  );
  const rows = scenarios.map((scenario, at) => drawRow(what, scenario, rowMiddle(at), scale, x0));
  return [...heading, ...grid, ...rows].join('\n');
}

function drawRow(what, { measures, limits }, y, scale, x0) {
  const least = what === 'restore' ? limits.copy : limits.write;
  const marks = [mark('limit', least, y, scale), what === 'frozen' ? '' : mark('node', limits.node, y, scale)];
  const { criu } = measures[what];
  const dots = sides.map(({ side }, at) => {
    const summary = measures[what][side];
    if (summary === undefined) return '';
    const words = side === 'criu' || criu === undefined ? '' : ratio(summary, criu);
    const right = x0 + plotWidth + ratioWidth;
    return (
      lane(side, summary, y + (at - 1) * 12, scale) +
      text(right, y + (at - 1) * 12 + 4, words, 'end', `small ${side}-text`)
    );
  });
  return [...marks, ...dots].filter(Boolean).join('\n');
}

/** A short line where it is, if the panel reaches that far. */
function mark(name, summary, y, scale) {
  if (summary === undefined || !scale.has(summary.median)) return '';
  const x = scale.at(summary.median);
  return `<line class="${name}" x1="${x}" x2="${x}" y1="${y - 17}" y2="${y + 17}"/>`;
}

/** From one power of ten, or the third of one, to another around all of it. */
function logarithmic(summaries, x0) {
  const nice = [0, 1, 2, 3, 4, 5].flatMap((power) => [10 ** (power - 1), 3 * 10 ** (power - 1)]);
  const least = Math.min(...summaries.map(({ lower }) => lower));
  const most = Math.max(...summaries.map(({ upper }) => upper));
  const from = nice.findLast((it) => it <= least) ?? nice[0];
  const to = nice.find((it) => it >= most) ?? nice.at(-1);
  const part = (ms) => Math.log(Math.min(Math.max(ms, from), to) / from) / Math.log(to / from);
  return {
    ticks: nice.filter((it) => it >= from && it <= to),
    has: (ms) => ms >= from && ms <= to,
    at: (ms) => Math.round((x0 + part(ms) * plotWidth) * 10) / 10,
  };
}

function rowMiddle(at) {
  return top + at * rowHeight + rowHeight / 2;
}

function label(ms) {
  return ms < 1000 ? `${ms}` : `${ms / 1000} s`;
}

function text(x, y, words, anchor, name = 'plain') {
  return words === '' ? '' : `<text class="${name}" x="${x}" y="${y}" text-anchor="${anchor}">${escaped(words)}</text>`;
}

function escaped(words) {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
