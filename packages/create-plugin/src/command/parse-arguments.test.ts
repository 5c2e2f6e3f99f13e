import { describe, expect, test } from 'vitest';
import { CreateError } from '../create-error.ts';
import { questions } from '../questions/questions.ts';
import { parseArguments } from './parse-arguments.ts';
import type { Request } from './request.ts';

function requestOf(...args: readonly string[]): Request {
  const invocation = parseArguments(args);
  if (invocation.command !== 'create') throw new Error(`it was taken for ${invocation.command}`);
  return invocation.request;
}

function refusal(...args: readonly string[]): CreateError {
  try {
    parseArguments(args);
  } catch (error) {
    if (error instanceof CreateError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('flags', () => {
  test('each question has one, and the folder goes without', () => {
    const { given } = requestOf(
      ...[
        'my-plugin',
        '--name=n',
        '--description',
        'a b',
        '--device',
        '/dev/x',
        '--handles',
        'lifecycle',
        '--options',
        '--package-manager',
      ],
      ...['pnpm', '--licence=MIT', '--no-git', '--no-ci', '--skip-install'],
    );
    expect(Object.fromEntries(given)).toEqual({
      folder: 'my-plugin',
      name: 'n',
      description: 'a b',
      device: '/dev/x',
      handles: 'lifecycle',
      options: true,
      packageManager: 'pnpm',
      licence: 'MIT',
      git: false,
      ci: false,
      install: false,
    });
    expect([...given.keys()].toSorted()).toEqual(Object.keys(questions).toSorted());
  });

  test('other spellings', () => {
    expect(requestOf('--license', 'ISC').given.get('licence')).toBe('ISC');
    expect(requestOf('--no-install').given.get('install')).toBe(false);
    expect(requestOf('--folder', 'x').given.get('folder')).toBe('x');
    expect(requestOf('--git=false').given.get('git')).toBe('false');
  });

  test('a list may be one value or many', () => {
    expect(requestOf('--handles', 'a,b').given.get('handles')).toBe('a,b');
    expect(requestOf('--handles', 'a', '--handles=b').given.get('handles')).toEqual(['a', 'b']);
  });

  test('those that answer nothing', () => {
    expect(requestOf('-y', '--dry-run', '--force', '--json', '--verbose', '--from', 'old.c')).toMatchObject({
      yes: true,
      dryRun: true,
      force: true,
      json: true,
      verbose: true,
      from: 'old.c',
    });
    expect(requestOf()).toMatchObject({ yes: false, dryRun: false, force: false, json: false, from: null });
  });

  test('help and version come before all else', () => {
    expect(parseArguments(['x', '--yes', '--help'])).toEqual({ command: 'help' });
    expect(parseArguments(['-h'])).toEqual({ command: 'help' });
    expect(parseArguments(['update', '--version'])).toEqual({ command: 'version' });
  });

  test("a package manager's own -- is no word", () => {
    const request = requestOf('my-plugin', '--', '--yes');
    expect(request).toMatchObject({ yes: true, extra: [] });
    expect(request.given.get('folder')).toBe('my-plugin');
  });

  test('words beyond the folder are kept, to be refused with a reason', () => {
    expect(requestOf('a', 'b', 'c').extra).toEqual(['b', 'c']);
    expect(requestOf('b', '--folder=a').extra).toEqual(['b']);
  });
});

describe('mistakes', () => {
  test.each([
    ['--handels', '--handles'],
    ['--licenz', '--licence'],
    ['--dryrun', '--dry-run'],
    ['--skip-instal', '--skip-install'],
  ])('%s: was %s meant?', (typed, meant) => {
    expect(refusal(typed)).toMatchObject({ code: 'USAGE', message: `unknown flag ${typed}` });
    expect(refusal(typed).remedy).toContain(`Did you mean ${meant}?`);
  });

  test.each([[['-x']], [['--wibble']], [['--toString']], [['--no-yes']], [['--no-handles']]])(
    '%s is unknown',
    (args) => {
      expect(refusal(...args).message).toBe(`unknown flag ${args[0]}`);
    },
  );

  test.each([[['--name']], [['--name', '--yes']], [['--from']]])('%s lacks a value', (args) => {
    expect(refusal(...args)).toMatchObject({ code: 'USAGE', message: `${args[0]} needs a value` });
  });

  test.each([[['--yes=no']], [['--no-git=true']], [['--skip-install=1']]])('%s has one too many', (args) => {
    expect(refusal(...args).message).toContain('takes no value');
  });
});

describe('update', () => {
  test('has a folder and some flags', () => {
    expect(parseArguments(['update'])).toEqual({
      command: 'update',
      request: { folder: '.', force: false, dryRun: false, json: false, verbose: false },
    });
    expect(parseArguments(['update', 'x', '--force', '--dry-run', '--json'])).toMatchObject({
      request: { folder: 'x', force: true, dryRun: true, json: true },
    });
  });

  test('has no use for the others', () => {
    expect(refusal('update', '--package-manager=npm').message).toBe('update has no use for --package-manager');
    expect(refusal('update', '--yes').message).toBe('update has no use for --yes');
    expect(refusal('update', 'a', 'b').code).toBe('USAGE');
  });

  test('a folder of that name is told apart', () => {
    expect(requestOf('./update').given.get('folder')).toBe('./update');
  });
});
