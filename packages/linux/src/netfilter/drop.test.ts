import { expect, test } from 'vitest';
import { dropFlows, dropNew, dropNoMore } from './drop.ts';
import { parseAnswers } from './send.ts';

const v4 = { address: Uint8Array.of(127, 0, 0, 1), port: 80 };
const other = { address: Uint8Array.of(10, 0, 0, 2), port: 5000 };
const v6 = { address: Buffer.from('00000000000000000000000000000001', 'hex'), port: 80 };

/** Types and flags of the messages of a batch. */
function messages(bytes: Buffer): { type: number; flags: number; content: Buffer }[] {
  const found = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    found.push({
      type: bytes.readUInt16LE(at + 4),
      flags: bytes.readUInt16LE(at + 6),
      content: bytes.subarray(at + 20, at + length),
    });
    at += (length + 3) & ~3;
  }
  return found;
}

const [begin, end] = [0x10, 0x11];
const [newTable, deleteTable, newChain, newRule, newSet, newElements] = [0, 2, 3, 6, 9, 12].map((it) => 0xa00 | it);

test('a table that drops connections has a set for each family, both directions in it, and two chains', () => {
  const all = messages(dropFlows('t', [{ here: v4, there: other }], 0xc114));
  expect(all.map(({ type }) => type)).toEqual([
    ...[begin, newTable, newSet, newElements],
    ...[newChain, newRule, newRule, newChain, newRule, newRule],
    end,
  ]);
  const [, , , elements] = all;
  const keys = ['7f000001' + '00500000' + '0a000002' + '13880000', '0a000002' + '13880000' + '7f000001' + '00500000'];
  for (const key of keys) expect(elements?.content.toString('hex')).toContain(key);
  expect(all.filter(({ flags }) => flags & 4).length).toBe(1);
});

test('connections of both families have sets of their own', () => {
  const both = dropFlows(
    't',
    [
      { here: v4, there: other },
      { here: v6, there: v6 },
    ],
    1,
  );
  expect(messages(both).filter(({ type }) => type === newSet)).toHaveLength(2);
  expect(messages(both).filter(({ type }) => type === newRule)).toHaveLength(6);
});

test('many connections take several messages: the length of an attribute has 16 bits', () => {
  const flows = Array.from({ length: 2000 }, (_, at) => ({ here: v6, there: { ...v6, port: at + 1 } }));
  const elements = messages(dropFlows('t', flows, 1)).filter(({ type }) => type === newElements);
  expect(elements).toHaveLength(8);
  for (const { content } of elements) expect(content.length).toBeLessThan(2 ** 16);
});

test('a table that drops new connections has a rule for each door', () => {
  const doors = [
    { port: 80, address: null, family: null },
    { port: 81, address: v4.address, family: 'ipv4' },
  ] as const;
  expect(messages(dropNew('t', doors)).map(({ type }) => type)).toEqual([
    ...[begin, newTable, newChain, newRule, newRule],
    end,
  ]);
});

test('the batch that takes a table away names it', () => {
  const [, only] = messages(dropNoMore('CRIU-1'));
  expect(only?.type).toBe(deleteTable);
  expect(only?.content.toString('latin1')).toContain('CRIU-1\0');
});

test('answers are error numbers, and what is no answer is refused', () => {
  const answer = Buffer.alloc(20);
  answer.writeUInt32LE(20, 0);
  answer.writeUInt16LE(2, 4);
  answer.writeInt32LE(-2, 16);
  expect(parseAnswers(answer)).toEqual([2]);
  answer.writeUInt32LE(21, 0);
  expect(() => parseAnswers(answer)).toThrowError('EBADMSG');
});
