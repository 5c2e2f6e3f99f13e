/** Nothing that differs by less is called a difference. */
const tolerance = 1.1;

/**
 * What each time is to stay below, in milliseconds. A command of ours starts Node first, and no work on ours makes that faster.
 * @type {readonly { what: 'dump' | 'frozen' | 'restore', side: 'criujs' | 'library', words: string, than: string, goal(criu: number, node: number): number }[]}
 */
const goals = [
  {
    what: 'dump',
    side: 'criujs',
    words: 'dump by command',
    than: "CRIU and Node's start",
    goal: (criu, node) => criu + node,
  },
  { what: 'dump', side: 'library', words: 'dump by the warm library', than: 'CRIU', goal: (criu) => criu },
  { what: 'frozen', side: 'criujs', words: 'frozen by command', than: 'CRIU', goal: (criu) => criu },
  { what: 'frozen', side: 'library', words: 'frozen by the warm library', than: 'CRIU', goal: (criu) => criu },
  {
    what: 'restore',
    side: 'criujs',
    words: 'restore by command',
    than: "CRIU and Node's start",
    goal: (criu, node) => criu + node,
  },
  { what: 'restore', side: 'library', words: 'restore by the warm library', than: 'CRIU', goal: (criu) => criu },
];

/**
 * What takes more than a tenth longer than it should, a line a goal: `frozen by command: small process × 3.2, 64 MiB × 1.4 (goal: CRIU)`.
 * @param {readonly import('./notes.js').Result[]} scenarios
 * @returns {string[]}
 */
export function goalsMissed(scenarios) {
  return goals.flatMap((it) => {
    const missed = scenarios.flatMap((scenario) => timesGoal(it, scenario));
    return missed.length === 0 ? [] : [`${it.words}: ${missed.join(', ')} (goal: ${it.than})`];
  });
}

function timesGoal({ what, side, goal }, { title, measures, limits }) {
  const { [side]: ours, criu } = measures[what];
  if (ours === undefined || criu === undefined || limits.node === undefined) return [];
  const times = ours.median / goal(criu.median, limits.node.median);
  return times > tolerance ? [`${title} × ${times.toFixed(1)}`] : [];
}
