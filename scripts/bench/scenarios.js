const MiB = 2 ** 20;

/**
 * What is measured, one row each. `target` is how the program is started (bench/target.c); `small` replaces parts of it where only
 * the bench itself is tested.
 * @typedef {{ bytes?: number, zeros?: number, threads?: number, processes?: number, descriptors?: number, maps?: number }} Size
 * @typedef {{ name: string, title: string, target: Size, small: Size }} Scenario
 * @type {readonly Scenario[]}
 */
export const scenarios = [
  { name: 'small', title: 'small process', target: {}, small: {} },
  { name: '64m', title: '64 MiB', target: { bytes: 64 * MiB }, small: { bytes: 2 * MiB } },
  { name: '1g', title: '1 GiB dirty', target: { bytes: 1024 * MiB }, small: { bytes: 4 * MiB } },
  {
    name: 'zeros',
    title: '1 GiB half zero',
    target: { bytes: 1024 * MiB, zeros: 50 },
    small: { bytes: 4 * MiB, zeros: 50 },
  },
  { name: 'threads', title: '100 threads', target: { threads: 100 }, small: { threads: 8 } },
  { name: 'processes', title: '200 processes', target: { processes: 200 }, small: { processes: 6 } },
  { name: 'descriptors', title: '1,000 descriptors', target: { descriptors: 1000 }, small: { descriptors: 30 } },
  { name: 'maps', title: '30,000 maps', target: { maps: 30_000 }, small: { maps: 300 } },
];
