import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { bin, type Desk, test } from './shipped.ts';
import { noTerminal, openTerminal, type Terminal } from './terminal.ts';

const questions = [
  'Where does the project go?',
  'What is the package called?',
  'What does the plugin do, in one line?',
  'What does the plugin handle?',
  'Does the plugin have options?',
  'Which package manager?',
  'Which licence?',
  'Make a git repository?',
  'Add a CI workflow for GitHub?',
  'Install the dependencies now?',
] as const;

function open({ folder, env }: Desk, args: readonly string[] = [], more: NodeJS.ProcessEnv = {}): Terminal {
  return openTerminal([process.execPath, bin, ...args], { cwd: folder, env: { ...env, ...more } });
}

// Written so that the linter sees no control character in a pattern.
const coloured = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`);

describe.skipIf(noTerminal !== null)(`at a terminal${noTerminal === null ? '' : ` (missing: ${noTerminal})`}`, () => {
  test('a person answers every question', async ({ desk }) => {
    desk.put('taken/package.json');
    const terminal = open(desk);
    await terminal.sees(questions[0]);
    terminal.types('taken');
    terminal.presses('enter');
    await terminal.sees('is not empty: package.json');
    terminal.presses('ctrlU');
    terminal.types('my plugin');
    terminal.presses('enter');
    await terminal.sees(`${questions[1]} (my-plugin)`);
    terminal.types('Bad Name');
    terminal.presses('enter');
    await terminal.sees('The nearest valid name is bad-name');
    terminal.presses('ctrlU');
    terminal.types('criu-plugin-gpu');
    terminal.presses('enter');
    await terminal.sees(questions[2]);
    terminal.types('Pauses a GPU');
    terminal.presses('enter');
    await terminal.sees(questions[3]);
    terminal.presses('space', 'down', 'space', 'down', 'down', 'down', 'down', 'space', 'enter');
    await terminal.sees(questions[4]);
    terminal.types('y');
    terminal.presses('enter');
    await terminal.sees(questions[5]);
    terminal.presses('down', 'enter');
    await terminal.sees(questions[6]);
    terminal.presses('down', 'enter');
    await terminal.sees(questions[7]);
    terminal.presses('enter');
    await terminal.sees(questions[8]);
    terminal.presses('enter');
    await terminal.sees(questions[9]);
    // Until the last answer nothing is written.
    expect(desk.list()).toEqual(['taken/', 'taken/package.json']);
    terminal.types('n');
    terminal.presses('enter');
    await terminal.sees("cd 'my plugin'");
    await terminal.sees('pnpm test');
    expect(await terminal.ended()).toBe(0);

    expect(JSON.parse(desk.read('my plugin/package.json'))).toMatchObject({
      name: 'criu-plugin-gpu',
      description: 'Pauses a GPU',
    });
    expect(JSON.parse(desk.read('my plugin/.criu-plugin.json'))).toMatchObject({
      handles: ['unix-socket', 'accelerator'],
      options: true,
    });
    expect(readdirSync(join(desk.folder, 'my plugin'))).toContain('.git');
    expect(terminal.raw()).toMatch(coloured);
  });

  test('Enter takes every default, and what has a flag is not asked', async ({ desk }) => {
    desk.program('bun', '#!/bin/sh\necho fetching; echo "$*" > installed\n');
    const terminal = open(desk, ['x', '--licence=ISC', '--package-manager=bun', '--no-git']);
    for (const question of [1, 2, 3, 4, 8, 9] as const) {
      await terminal.sees(questions[question]);
      terminal.presses('enter');
    }
    expect(await terminal.ended()).toBe(0);
    for (const question of [0, 5, 6, 7] as const) expect(terminal.shown()).not.toContain(questions[question]);
    expect(desk.read('x/installed')).toBe('install\n');
    expect(JSON.parse(desk.read('x/.criu-plugin.json'))).toMatchObject({ handles: ['external-file'], options: false });
  });

  test('nothing chosen is no answer', async ({ desk }) => {
    const terminal = open(desk, ['x', '--name=x', '--description=x']);
    await terminal.sees(questions[3]);
    terminal.presses('space', 'enter');
    await terminal.sees('At least one choice must be selected');
    terminal.presses('ctrlC');
    expect(await terminal.ended()).toBe(130);
  });

  test.for(questions.map((question, index) => [question, index] as const))(
    'Ctrl-C at "%s" leaves nothing',
    async ([question, index], { desk }) => {
      const terminal = open(desk);
      for (const earlier of questions.slice(0, index)) {
        await terminal.sees(earlier);
        terminal.presses('enter');
      }
      await terminal.sees(question);
      terminal.presses('ctrlC');
      await terminal.sees('interrupted: nothing was written');
      expect(await terminal.ended()).toBe(130);
      expect(desk.list()).toEqual([]);
    },
  );

  test('Ctrl-C during the installation leaves the whole project, and says what is to do', async ({ desk }) => {
    // It says that it runs, and then waits for a line that never comes.
    desk.program('bun', '#!/bin/sh\necho halfway\nmkfifo "$HOME/never"\nread line < "$HOME/never"\n');
    const terminal = open(desk, ['x', '--yes', '--package-manager=bun']);
    await terminal.sees('halfway');
    terminal.presses('ctrlC');
    await terminal.sees('bun install was interrupted');
    await terminal.sees('cd x');
    await terminal.sees('bun install');
    expect(await terminal.ended()).toBe(130);
    expect(desk.list()).toContain('x/package.json');
  });

  test('NO_COLOR is obeyed', async ({ desk }) => {
    const terminal = open(desk, ['x', '--yes', '--skip-install'], { NO_COLOR: '1' });
    expect(await terminal.ended()).toBe(0);
    expect(terminal.raw()).not.toMatch(coloured);

    const asking = open(desk, [], { NO_COLOR: '1' });
    for (const question of questions) {
      await asking.sees(question);
      asking.presses(question === questions.at(-1) ? 'ctrlC' : 'enter');
    }
    expect(await asking.ended()).toBe(130);
    expect(asking.raw()).not.toMatch(coloured);
  });

  test('a refusal before the questions needs none of them', async ({ desk }) => {
    desk.put('x/package.json');
    const terminal = open(desk, ['x']);
    await terminal.sees('is not empty');
    expect(await terminal.ended()).toBe(1);
  });

  test('a dry run asks, and leaves nothing behind', async ({ desk }) => {
    const terminal = open(desk, ['--dry-run']);
    for (const question of questions) {
      await terminal.sees(question);
      terminal.presses('enter');
    }
    await terminal.sees('npm install');
    expect(await terminal.ended()).toBe(0);
    expect(desk.list()).toEqual([]);
  });
});
