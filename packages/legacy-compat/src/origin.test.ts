import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nameFromPath, originOf } from './origin.ts';

test('a name is valid, readable, the same for the same path, and another one for another', () => {
  const origins = {
    '/opt/criu/kvm_plugin.js': 'legacy-kvm-plugin',
    '/opt/other/kvm_plugin.js': 'legacy-kvm-plugin',
    '/opt/criu/kvm_plugin.cjs': 'legacy-kvm-plugin',
    '/opt/criu/kvm.js': 'legacy-kvm',
    '/opt/criu/KVM.js': 'legacy-kvm',
    '/opt/fuse/index.mjs': 'legacy-fuse',
    '/opt/fuse': 'legacy-fuse',
    '/opt/日本.js': 'legacy-plugin',
    '@own/criu-old': 'legacy-own-criu-old',
    'criu-old': 'legacy-criu-old',
    'C:\\plugins\\gpu.js': 'legacy-gpu',
    [`/${'long'.repeat(60)}.js`]: `legacy-${'long'.repeat(15)}`,
  };
  const names = Object.keys(origins).map(nameFromPath);
  expect(names.map((it) => it.replace(/-[0-9a-f]{8}$/, ''))).toEqual(Object.values(origins));
  expect(names).toEqual(Object.keys(origins).map(nameFromPath));
  for (const name of names) {
    expect(name).toMatch(/^[a-z0-9][a-z0-9-]*$/);
    expect(names.filter((it) => it.startsWith(name))).toEqual([name]);
  }
});

test('a name stays from release to release: images have it', () => {
  expect(nameFromPath('criu-old')).toBe('legacy-criu-old-c5692a10');
});

test('the origin is the absolute path, or the name of the package', () => {
  const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'criujs-origin-')));
  try {
    writeFileSync(join(cwd, 'a.js'), '');
    for (const wanted of ['a.js', './a.js', 'x/../a.js', '../a.js', join(cwd, 'a.js'), `file://${cwd}/a.js`]) {
      const from = wanted.startsWith('..') ? join(cwd, 'x') : cwd;
      expect(originOf(wanted, from), wanted).toBe(join(cwd, 'a.js'));
    }
    for (const name of ['criu-old', '@own/old', 'chart.js']) expect(originOf(name, cwd)).toBe(name);
    expect(originOf('.', cwd)).toBe(cwd);
  } finally {
    rmSync(cwd, { recursive: true });
  }
});
