import { expect, test } from 'vitest';
import { nameFromPath } from './plugin-name.ts';

test('is valid, readable, the same for the same path, and another one for another', () => {
  const paths = [
    '/opt/criu/kvm_plugin.js',
    '/opt/other/kvm_plugin.js',
    '/opt/criu/kvm_plugin.cjs',
    '/opt/criu/kvm.js',
    '/opt/criu/KVM.js',
    '/opt/fuse/index.mjs',
    '/opt/日本.js',
    '/p/node_modules/@own/criu-old/dist/main.js',
    '/p/node_modules/criu-old/main.js',
    'C:\\plugins\\gpu.js',
    `/${'long'.repeat(60)}.js`,
  ];
  const names = paths.map(nameFromPath);
  expect(names.map((it) => it.slice(0, 30).replace(/-[0-9a-f]{8}$/, ''))).toEqual([
    'legacy-kvm-plugin',
    'legacy-kvm-plugin',
    'legacy-kvm-plugin',
    'legacy-kvm',
    'legacy-kvm',
    'legacy-fuse',
    'legacy-plugin',
    'legacy-own-criu-old',
    'legacy-criu-old',
    'legacy-gpu',
    'legacy-longlonglonglonglonglon',
  ]);
  expect(names).toEqual(paths.map(nameFromPath));
  for (const name of names) {
    expect(name).toMatch(/^[a-z0-9][a-z0-9-]*$/);
    expect(name.length).toBeLessThan(100);
    expect(names.filter((it) => it.startsWith(name))).toEqual([name]);
  }
});

test('of a package does not depend on where it is installed', () => {
  const name = nameFromPath('/a/node_modules/criu-old/main.js');
  expect(nameFromPath('/b/c/node_modules/x/node_modules/criu-old/main.js')).toBe(name);
  expect(name).toBe('legacy-criu-old-25cce912');
});
