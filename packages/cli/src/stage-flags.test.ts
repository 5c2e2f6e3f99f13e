import { Command } from 'commander';
import { expect, test } from 'vitest';
import { givenOptions, withStage } from './stage-flags.ts';

const parse = (stage: 'dump' | 'restore', ...args: string[]): object =>
  withStage(new Command().exitOverride(), stage).parse(args, { from: 'user' }).opts();

test('flags of a dump', () => {
  expect(parse('dump')).toEqual({});
  expect(parse('dump', '-j', '--ghost-limit', '8M', '--external', 'pipe[1]', '--external', 'pipe[2]')).toEqual({
    shellJob: true,
    ghostLimit: 8 << 20,
    external: ['pipe[1]', 'pipe[2]'],
  });
});

test('flags of control groups', () => {
  expect(parse('restore', '--manage-cgroups')).toEqual({ manageCgroups: 'soft' });
  const roots = ['--cgroup-root', '/a', '--cgroup-root', 'name=b:/c'];
  expect(parse('dump', '--manage-cgroups', 'full', ...roots, '--cgroup-yard', 'd')).toEqual({
    manageCgroups: 'full',
    cgroupRoot: [
      { controller: null, path: '/a' },
      { controller: 'name=b', path: '/c' },
    ],
    cgroupYard: 'd',
  });
  expect(() => parse('dump', '--cgroup-root', 'a')).toThrow('this names no control group');
});

test('flags of a restore', () => {
  const given = parse('restore', '--inherit-fd', 'fd[1]:pipe:[7]', '--inherit-fd', 'fd[5]:var/log/a', '--new-pids');
  expect(given).toEqual({
    inheritFd: [
      { fd: 1, key: 'pipe:[7]' },
      { fd: 5, key: 'var/log/a' },
    ],
    newPids: true,
  });
});

test('lists of the configuration come first, and of the rest the command line wins', () => {
  const config = { ghostLimit: 5, linkRemap: true, external: ['pipe[1]'], newPids: true };
  expect(givenOptions('dump', config, { ghostLimit: 7, external: ['pipe[2]'] })).toMatchObject({
    ghostLimit: 7,
    linkRemap: true,
    external: ['pipe[1]', 'pipe[2]'],
  });
  expect(givenOptions('dump', config, {})).not.toHaveProperty('newPids');
  expect(givenOptions('dump', {}, { external: ['pipe[2]'] }).external).toEqual(['pipe[2]']);
});
