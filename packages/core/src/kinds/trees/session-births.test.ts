import { expect, test } from 'vitest';
import { birthsOf, canBeOlder, type Kin } from './session-births.ts';

function kin(pid: number, ppid: number, session: number, exitSignal: number = 17): Kin {
  return { pid, ppid, session, exitSignal };
}

function births(...tasks: Kin[]): string[] {
  return [...birthsOf(tasks)].map(([pid, birth]) => `${pid} ${birth.by === 'nobody' ? birth.why : birth.by}`);
}

const root = kin(10, 0, 10);

test('a leader makes its session, and its descendants inherit it', () => {
  expect(births(root, kin(11, 10, 11), kin(12, 11, 11), kin(13, 12, 11))).toEqual([
    '10 parent',
    '11 parent',
    '12 parent',
    '13 parent',
  ]);
});

test('a child may be older than the session of its parent', () => {
  expect(births(root, kin(11, 10, 11), kin(12, 11, 10))).toContain('12 parent');
  expect(births(kin(10, 0, 9), kin(11, 10, 11), kin(12, 11, 9))).toContain('12 parent');
});

test('a session from outside of a namespace of pids shows as 0', () => {
  expect(births(root, kin(11, 10, 0))).toContain('11 parent');
});

test('an orphan is born from the leader of its session, if both have one parent', () => {
  const tasks = [root, kin(11, 10, 11), kin(12, 10, 11)];
  expect(births(...tasks)).toContain('12 sibling');
  expect(births(...tasks, kin(13, 11, 10))).toContain('12 its leader has a child that is older than the session (13)');
  expect(births(root, kin(11, 10, 11, 12), kin(12, 10, 11))).toContain('12 its leader has another exit signal');
  expect(births(root, kin(9, 10, 10), kin(11, 9, 11), kin(12, 10, 11))).toContain(
    '12 none of its ancestors is or was in that session',
  );
});

test('a session whose leader is gone is led by another one for a moment', () => {
  expect(births(root, kin(12, 10, 11), kin(13, 10, 11), kin(14, 12, 11))).toEqual([
    '10 parent',
    '12 stand-in',
    '13 stand-in',
    '14 parent',
  ]);
});

test('a session whose leader is gone, with processes of different parents, is led by nobody', () => {
  const why = 'its leader has ended, and its processes have different parents (10 and 15)';
  expect(births(root, kin(15, 10, 15), kin(12, 10, 11), kin(13, 15, 11))).toEqual([
    '10 parent',
    '15 parent',
    '12 stand-in',
    `13 ${why}`,
  ]);
});

test('the session of the root is from outside where it does not lead it', () => {
  expect(births(kin(10, 0, 9), kin(11, 10, 10), kin(12, 11, 9))).toContain(
    '12 none of its ancestors is or was in that session',
  );
});

test('who has only leaders above it may be born before they led', () => {
  const tasks = [root, kin(11, 10, 11), kin(12, 11, 5), kin(13, 12, 5)];
  expect(tasks.map((task) => canBeOlder(tasks, task))).toEqual([true, true, true, false]);
});
