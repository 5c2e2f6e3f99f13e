import { expect, test } from 'vitest';
import type { ProjectRecord } from '../../answers.ts';
import { createTree, type Tree } from '../tree.ts';
import { nodeVersionsAndAgents } from './002-node-versions-and-agents.ts';

const record: ProjectRecord = { template: 1, createdWith: '0.1.0', handles: ['external-file'], options: false };
const manifest = JSON.stringify({ name: 'criujs-plugin-tape', scripts: { lint: 'x', build: 'x', test: 'x' } });
const workflowName = '.github/workflows/ci.yml';

function workflow(list: string): string {
  return `name: ci\non: push\njobs:\n  test:\n    strategy:\n      matrix:\n        ${list}\n    steps:\n      - run: npm ci\n`;
}

function treeOf(files: Readonly<Record<string, string>>): Tree {
  return createTree((path) => files[path] ?? null);
}

test.each([
  ['node: [20, 22, 24]', 'node: [20, 22, 24, 26]'],
  ["node: ['20', '22', '24']", "node: ['20', '22', '24', '26']"],
  ['node-version: [ "20.19", "22", "24" ]', 'node-version: [ "20.19", "22", "24", "26" ]'],
])('the workflow of template 1 gets Node 26: %s', (before, after) => {
  const tree = treeOf({ [workflowName]: workflow(before), 'package.json': manifest });
  expect(nodeVersionsAndAgents.migrate(tree, record)).toEqual([]);
  expect(tree.read(workflowName)).toBe(workflow(after));
});

test('a workflow that its author changed stays, and its author is told', () => {
  const own = workflow('node: [22]');
  const tree = treeOf({ [workflowName]: own, 'package.json': manifest });
  expect(nodeVersionsAndAgents.migrate(tree, record)).toEqual([expect.stringContaining('add Node 26')]);
  expect(tree.read(workflowName)).toBe(own);
});

test('a workflow with Node 26 and a project without one are left alone', () => {
  const files = { [workflowName]: workflow('node: [24, 26]'), 'package.json': manifest, 'AGENTS.md': 'mine\n' };
  const tree = treeOf(files);
  expect(nodeVersionsAndAgents.migrate(tree, record)).toEqual([]);
  expect(tree.changes()).toEqual([]);

  const without = treeOf({ 'package.json': manifest, 'AGENTS.md': 'mine\n' });
  expect(nodeVersionsAndAgents.migrate(without, record)).toEqual([]);
  expect(without.changes()).toEqual([]);
});

test('AGENTS.md names the scripts that the project has, with its own package manager', () => {
  const tree = treeOf({ 'package.json': manifest, 'pnpm-lock.yaml': '' });
  expect(nodeVersionsAndAgents.migrate(tree, record)).toEqual([]);
  const text = tree.read('AGENTS.md');
  expect(text).toContain('# criujs-plugin-tape\n');
  expect(text?.match(/^ {4}pnpm run \w+/gm)).toEqual(['    pnpm run test', '    pnpm run lint', '    pnpm run build']);
});

test('a manifest that cannot be read costs the AGENTS.md alone', () => {
  const tree = treeOf({ 'package.json': '{', [workflowName]: workflow('node: [20, 22, 24]') });
  expect(nodeVersionsAndAgents.migrate(tree, record)).toEqual([expect.stringContaining('package.json')]);
  expect(tree.changes().map(({ path }) => path)).toEqual([workflowName]);
});
