import type { PlanResult, PlanRow, PlanVerdict } from '@criujs/core';
import type { Colors } from '@criujs/engine-kit/safe-text';
import { expect, test } from 'vitest';
import { planTable, planText } from './plan-table.ts';

const tag = (name: string) => (text: string) => `<${name}>${text}</${name}>`;
const same = (text: string): string => text;
const noColors: Colors = { bold: same, dim: same, red: same, yellow: same, green: same, cyan: same };
const tags: Colors = {
  bold: tag('b'),
  dim: tag('dim'),
  red: tag('red'),
  yellow: tag('yellow'),
  green: tag('green'),
  cyan: tag('cyan'),
};

const process = { pid: 42, command: 'sh' } as const;
const program: PlanRow = {
  ...process,
  subject: 'process',
  resource: 'program /bin/sh, 1 thread, in /work',
  taker: { engine: 'process' },
};
const descriptor = (fds: readonly number[], what: string, more: Partial<PlanRow>): PlanRow => ({
  ...process,
  subject: 'file',
  resource: `descriptor${fds.length > 1 ? 's' : ''} ${fds.join(',')}: ${what}`,
  descriptors: fds,
  file: what,
  taker: null,
  ...more,
});
const regular = { taker: { engine: 'regular file' } } as const;
const plugin = { plugin: 'kvm', hook: 'DUMP_EXT_FILE', claimed: true, asked: [] } as const;

const result = (verdict: PlanVerdict, ...rows: PlanRow[]): PlanResult => ({
  pid: 42,
  rows,
  verdict,
  possible: verdict === 'ready',
});
const table = (it: PlanResult, code: number, width = 80): string =>
  planTable(it, code, { width, colors: noColors, verbose: false });

test('columns are aligned, descriptors joined, problems explained, and the end says what the exit code means', () => {
  const open = descriptor([7], '/dev/fuse (character device 10:229)', {
    why: 'no kind of file in the engine takes it, and no plugin is loaded for it',
    remedy: 'Load a plugin with a DUMP_EXT_FILE hook: --plugin NAME.',
  });
  const other: PlanRow = { ...program, pid: 43, command: 'cat' };
  expect(table(result('refused', program, descriptor([0, 1, 2], '/dev/null', regular), open, other), 3)).toBe(
    `
42 (sh)
  ✓ process  program /bin/sh, 1 thread, in /work  process
  ✓ 0,1,2    /dev/null                            regular file
  ✗ 7        /dev/fuse (character device 10:229)  nobody
    no kind of file in the engine takes it, and no plugin is loaded for it
    → Load a plugin with a DUMP_EXT_FILE hook: --plugin NAME.

43 (cat)
  ✓ process  program /bin/sh, 1 thread, in /work  process

1 resource has no taker: a dump would be refused (exit code 3).`.trimStart(),
  );
});

test('plugins are named, whether they claim, are asked or quarrel', () => {
  const rows = [
    descriptor([3], '/dev/kvm', { taker: plugin }),
    descriptor([4], '/dev/a', { taker: { ...plugin, claimed: false, asked: ['kvm'] } }),
    descriptor([5], '/dev/b', { taker: { ...plugin, plugin: null, claimed: false, asked: ['kvm', 'gpu'] } }),
    descriptor([6], '/dev/c', { taker: { ...plugin, asked: ['gpu'] } }),
  ];
  const ready = table(result('ready', ...rows), 0);
  expect(ready).toContain('✓ 3  /dev/kvm          plugin kvm\n');
  expect(ready).toContain('? 4  /dev/a            plugin kvm, asked at the dump\n');
  expect(ready).toContain('? 5  /dev/b            plugins kvm, gpu, asked at the dump\n');
  expect(ready).toContain('plugin kvm, unless gpu takes it first\n');
  expect(ready).toMatch(
    /so far: 4 resources have a taker; for 2 of them plugins\ndecide at the dump \(exit code 0\)\.$/,
  );
  const quarrel = descriptor([3], '/dev/kvm', { taker: plugin, conflict: ['kvm', 'gpu'], why: 'both', remedy: 'One.' });
  expect(table(result('conflict', quarrel), 4)).toMatch(/! 3 +\/dev\/kvm +plugins kvm, gpu\n {4}both\n {4}→ One\.\n/);
  expect(table(result('conflict', quarrel), 4)).toMatch(/decide by their order\s+alone\s+\(exit code 4\)\.$/);
});

test.each([40, 60, 80, 200])('no line is wider than a terminal of %i', (width) => {
  const path = `/a/${'very-long-name/'.repeat(12)}end.txt`;
  const why = 'some words that explain at length '.repeat(8);
  const it = result('refused', descriptor([3], path, regular), descriptor([4], path, { why, remedy: why }));
  for (const line of table(it, 3, width).split('\n')) expect(line.length, line).toBeLessThanOrEqual(width);
  expect(table(it, 3, width)).toMatch(/…\S*\.txt/);
});

test('of many alike the first are shown and the rest are counted, unless all are wanted', () => {
  const rows = Array.from({ length: 1000 }, (_, at) => descriptor([at], `/file-${at}`, regular));
  const short = table(result('ready', ...rows), 0);
  expect(short.split('\n').length).toBeLessThan(15);
  expect(short).toContain('✓ files  992 more; see all with -v  regular file');
  expect(planTable(result('ready', ...rows), 0, { width: 80, colors: noColors, verbose: true })).toContain('/file-999');
});

test('colours are on marks and takers', () => {
  const text = planTable(result('refused', program, descriptor([7], '/dev/x', { why: 'no', remedy: 'Do.' })), 3, {
    width: 80,
    colors: tags,
    verbose: false,
  });
  expect(text).toMatch(/^<b>42 \(sh\)<\/b>\n {2}<green>✓<\/green> process/);
  expect(text).toContain('<red>nobody</red>');
  expect(text).toContain('<cyan>→</cyan> Do.');
});

test('off a terminal each resource is one line, whole, and what a terminal would obey is escaped', () => {
  const long = `/${'x'.repeat(300)}`;
  const text = planText(
    result(
      'refused',
      program,
      descriptor([3], long, regular),
      descriptor([4], 'a\x1b[31m\nb', { why: 'no', remedy: 'Do.' }),
    ),
    3,
  );
  expect(text.split('\n')).toEqual([
    '✓ 42 (sh) program /bin/sh, 1 thread, in /work — process',
    `✓ 42 (sh) descriptor 3: ${long} — regular file`,
    '✗ 42 (sh) descriptor 4: a\\u{1b}[31m\\u{a}b — nobody',
    '    no',
    '    → Do.',
    '1 resource has no taker: a dump would be refused (exit code 3).',
  ]);
});
