/** Nothing that differs by less is called a difference. */
const tolerance = 1.1;

/**
 * What each time is to stay below, in milliseconds: the first row that is about a scenario counts. A command of ours starts Node
 * first, and no work on ours makes that faster.
 * @type {readonly {
 *   readonly what: 'dump' | 'frozen' | 'restore',
 *   readonly side: 'criujs' | 'library',
 *   readonly of?: string,
 *   readonly than: string,
 *   goal(criu: number, node: number): number
 * }[]}
 */
const goals = [
  ...['dump', 'restore'].flatMap((what) => [
    { what, side: 'criujs', of: 'small process', than: "Node's start and 30 ms", goal: (_, node) => node + 30 },
    { what, side: 'criujs', of: '100 threads', than: "Node's start and 40 ms", goal: (_, node) => node + 40 },
    { what, side: 'criujs', of: '1 GiB dirty', than: 'CRIU', goal: (criu) => criu },
    { what, side: 'criujs', than: "CRIU and Node's start", goal: (criu, node) => criu + node },
    { what, side: 'library', of: 'small process', than: '20 ms', goal: () => 20 },
    { what, side: 'library', than: 'CRIU', goal: (criu) => criu },
  ]),
  { what: 'frozen', side: 'library', of: 'small process', than: '4 ms', goal: () => 4 },
  { what: 'frozen', side: 'criujs', than: 'CRIU', goal: (criu) => criu },
  { what: 'frozen', side: 'library', than: 'CRIU', goal: (criu) => criu },
];

/** In words, for the two ways to run it. */
const sides = { criujs: 'by command', library: 'by the warm library' };

/**
 * What takes more than a tenth longer than it should, a line a goal: `frozen by command: 64 MiB × 1.4, 100 threads × 3.2 (goal: CRIU)`.
 * @param {readonly import('./notes.js').Result[]} scenarios
 * @returns {string[]}
 */
export function goalsMissed(scenarios) {
  return goals.flatMap((it, at) => {
    const earlier = goals.slice(0, at).filter(({ what, side }) => what === it.what && side === it.side);
    const missed = scenarios
      .filter(({ title }) => it.of === undefined || it.of === title)
      .filter(({ title }) => !earlier.some(({ of }) => of === title))
      .flatMap((scenario) => timesGoal(it, scenario));
    return missed.length === 0 ? [] : [`${it.what} ${sides[it.side]}: ${missed.join(', ')} (goal: ${it.than})`];
  });
}

function timesGoal({ what, side, goal }, { title, measures, limits }) {
  const { [side]: ours, criu } = measures[what];
  if (ours === undefined || criu === undefined || limits.node === undefined) return [];
  const times = ours.median / goal(criu.median, limits.node.median);
  return times > tolerance ? [`${title} × ${times.toFixed(1)}`] : [];
}
