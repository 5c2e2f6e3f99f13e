import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { kindIds, licences, packageManagers } from '../answers.ts';
import { packageFolder } from '../package-folder.ts';
import { questionIds, questions } from '../questions/questions.ts';
import { flags, shortFlags } from './flags.ts';
import { helpText } from './help.ts';
import { switches, switchNames } from './switches.ts';

const lines = helpText().split('\n');

test.each(questionIds.filter((id) => id !== 'folder'))('the help tells of the question %s', (id) => {
  const { flag, help } = questions[id];
  const line = lines.find((it) => new RegExp(`^ +--(\\[no-\\])?${flag}[ ,]`).test(it));
  expect(line).toContain(help);
});

test.each(switchNames)('the help tells of --%s', (name) => {
  expect(lines.find((it) => new RegExp(`^ +(-\\w, )?--${name} `).test(it))).toContain(switches[name].help);
});

test('it lists what may be chosen, and fits into a terminal', () => {
  for (const word of [...kindIds, ...packageManagers, ...licences]) expect(helpText()).toContain(word);
  expect(lines.filter((line) => line.length > 120)).toEqual([]);
});

test('the README has every flag and every choice', () => {
  const readme = readFileSync(join(packageFolder(), 'README.md'), 'utf8');
  // `--no-install` is another word for `--skip-install`.
  const written = [...flags.keys()].filter((name) => name !== 'no-install').map((name) => `--${name}`);
  for (const flag of [...written, ...[...shortFlags.keys()].map((letter) => `-${letter}`)]) {
    expect(readme).toContain(`\`${flag}\``);
  }
  for (const word of [...kindIds, ...packageManagers, ...licences]) expect(readme).toContain(`\`${word}\``);
});
