const columns = [26, 26, 7, 26, 7];

/** The table for people: a line a measurement, a group a scenario. */
export function table({ scenarios, machine, date, rounds, withoutCriu, missed }) {
  return [
    `${date}, ${machine}.`,
    `Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'} in milliseconds, with quartiles; ratios are to CRIU in the same run.`,
    '',
    line(['', 'criujs', 'CRIU', 'ratio', 'warm library', 'ratio']),
    ...scenarios.flatMap(group),
    ...(withoutCriu === null ? [] : ['', `Not compared with CRIU: ${withoutCriu}.`]),
    ...remarks(scenarios, missed),
  ].join('\n');
}

function group({ title, measures, limits, bytes }) {
  const rows = Object.entries(measures).map(([what, { criujs, criu, library }]) =>
    line([`  ${what}`, spread(criujs), spread(criu), ratio(criujs, criu), spread(library), ratio(library, criu)]),
  );
  const { node, copy, write, gap } = limits;
  const least = `  at least: Node's start ${spread(node)}, copy ${spread(copy)}, write ${spread(write)}, gap ${spread(gap)}`;
  return ['', `${title} (${inMiB(bytes)} of images)`, ...rows, least];
}

function remarks(scenarios, missed) {
  const failures = scenarios.flatMap(({ title, failures }) => failures.map((it) => `${title}: ${it}`));
  return [
    ...(failures.length > 0 ? ['', 'Failed:', ...failures.map((it) => `  ${it}`)] : []),
    ...(missed.length > 0 ? ['', 'Takes more than 1.1 times its goal:', ...missed.map((it) => `  ${it}`)] : []),
  ];
}

function line([first, ...cells]) {
  return `${first.padEnd(12)}${cells.map((cell, at) => cell.padStart(columns[at])).join('')}`.trimEnd();
}

/** `52.1 (51.0–54.3)` */
function spread(summary) {
  if (summary === undefined) return '–';
  return `${short(summary.median)} (${short(summary.lower)}–${short(summary.upper)})`;
}

/** Milliseconds with three digits that count. */
function short(ms) {
  return ms.toFixed(ms < 1 ? 2 : ms < 100 ? 1 : 0);
}

/** `0.83` */
export function ratio(ours, theirs) {
  return ours === undefined || theirs === undefined ? '–' : (ours.median / theirs.median).toFixed(2);
}

function inMiB(bytes) {
  const MiB = bytes / 2 ** 20;
  return `${MiB.toFixed(MiB < 10 ? 1 : 0)} MiB`;
}
