import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { type CodePlace, definePlugin, hook, PluginError } from '@criujs/plugin-sdk';
import { expect, test } from 'vitest';
import { conformance, dump, pretendTree } from './index.ts';
import { matchers } from './matchers.ts';

/** Where this file has a text first, from the directory of the tests. */
function placeOf(text: string): string {
  const lines = readFileSync(import.meta.filename, 'utf8').split('\n');
  const line = lines.findIndex((it) => it.includes(text));
  const file = relative(process.cwd(), import.meta.filename);
  return `${file}:${line + 1}:${(lines[line]?.indexOf(text) ?? 0) + 1}`;
}

const asText = ({ file, line, column }: CodePlace): string => `${relative(process.cwd(), file)}:${line}:${column}`;

function connect(): never {
  throw new RangeError('no such port');
}

const broken = definePlugin({
  name: 'broken',
  hooks: [
    hook('DUMP_EXT_FILE', (): never => {
      try {
        return connect();
      } catch (cause) {
        throw new TypeError('no answer', { cause });
      }
    }),
  ],
});

test('a report has the place in the test of what a plugin threw, its calls and its causes', async () => {
  const tree = await pretendTree({ files: [{ kind: 'character' }] });
  const report = await dump(tree, [broken]);
  await tree.close();
  const [thrown, cause] = [placeOf("new TypeError('no answer'"), placeOf("new RangeError('no such port')")];
  expect(report.error?.message).toMatch(` failed: no answer (at ${thrown})`);
  expect(report.error?.thrown?.frames.map(asText)[0]).toBe(thrown);
  const { message } = matchers.toHaveClaimed(report, 'DUMP_EXT_FILE');
  expect(message()).toContain('\n    TypeError: no answer\n        at ');
  expect(message()).toContain(`caused by: RangeError: no such port (at ${cause})`);
});

test('what fails a check has them, too', async () => {
  await expect(conformance(broken)).rejects.toThrow(
    `caused by: RangeError: no such port (at ${placeOf("new RangeError('no such port')")})`,
  );
});

test('an error that was made for people has its place in the report', async () => {
  const polite = definePlugin({
    name: 'polite',
    hooks: [
      hook('DUMP_EXT_FILE', (): never => {
        throw new PluginError('the device is busy', { remedy: 'Wait.' });
      }),
    ],
  });
  const tree = await pretendTree({ files: [{ kind: 'character' }] });
  const { error } = await dump(tree, [polite]);
  await tree.close();
  expect(error?.message).toMatch(/failed: the device is busy$/);
  expect(error?.remedy).toBe('Wait.');
  expect(asText(error?.thrown?.at as CodePlace)).toBe(placeOf("new PluginError('the device is busy'"));
});
