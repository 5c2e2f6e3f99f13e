import { expect, test } from 'vitest';
import type { Answers } from '../answers.ts';
import { nextSteps } from './next-steps.ts';

const answers: Answers = {
  folder: '/home/me/my plugin',
  packageName: 'my-plugin',
  pluginName: 'my-plugin',
  description: '',
  handles: ['lifecycle'],
  options: false,
  packageManager: 'pnpm',
  licence: 'MIT',
  author: null,
  year: 2026,
  git: false,
  ci: false,
  install: false,
  ported: null,
  device: null,
};

test('into the folder, install, test, try', () => {
  expect(nextSteps(answers, '/home/me', false)).toEqual(["cd 'my plugin'", 'pnpm install', 'pnpm test', 'pnpm dev']);
});

test('what is done already is left out', () => {
  expect(nextSteps({ ...answers, packageManager: 'npm' }, '/home/me/my plugin', true)).toEqual([
    'npm test',
    'npm run dev',
  ]);
});

test('a folder outside of the present one, and one that a shell would misread', () => {
  expect(nextSteps({ ...answers, folder: '/srv/größe' }, '/home/me', true)[0]).toBe('cd /srv/größe');
  expect(nextSteps({ ...answers, folder: "/home/me/it's" }, '/home/me', true)[0]).toBe("cd 'it'\\''s'");
});
