/** Nothing that differs by less is called a difference. */
const tolerance = 1.1;

/**
 * What each time is to stay below, in milliseconds. A command of ours starts Node, which no work of ours makes faster; CRIU's does not.
 * @type {readonly { what: 'dump' | 'frozen' | 'restore', side: 'criujs' | 'library', words: string, goal(criu: number, node: number): number }[]}
 */
const goals = [
  { what: 'dump', side: 'criujs', words: "CRIU and Node's start", goal: (criu, node) => criu + node },
  { what: 'dump', side: 'library', words: 'CRIU', goal: (criu) => criu },
  { what: 'frozen', side: 'criujs', words: 'CRIU', goal: (criu) => criu },
  { what: 'frozen', side: 'library', words: 'CRIU', goal: (criu) => criu },
  { what: 'restore', side: 'criujs', words: "CRIU and Node's start", goal: (criu, node) => criu + node },
  { what: 'restore', side: 'library', words: 'CRIU', goal: (criu) => criu },
];

const sides = { criujs: 'command', library: 'warm library' };

/**
 * What takes longer than it should, in words: `small process, frozen (warm library): 1.42 times CRIU`.
 * @param {readonly import('./measure.js').Result[]} scenarios
 * @returns {string[]}
 */
export function goalsMissed(scenarios) {
  return scenarios.flatMap(({ title, measures, limits }) =>
    goals.flatMap(({ what, side, words, goal }) => {
      const { [side]: ours, criu } = measures[what];
      if (ours === undefined || criu === undefined || limits.node === undefined) return [];
      const times = ours.median / goal(criu.median, limits.node.median);
      return times > tolerance ? [`${title}, ${what} (${sides[side]}): ${times.toFixed(2)} times ${words}`] : [];
    }),
  );
}
