import { EngineError } from '@criujs/engine-kit';
import { expect, test } from 'vitest';
import { dropBy } from './drop-by.ts';

const works = (): void => undefined;
const fails = (code: 'UNSUPPORTED' | 'NOT_PERMITTED', words: string) => (): never => {
  throw new EngineError(code, words, { remedy: 'None.' });
};

test('the wanted one is used, and no other in its place', () => {
  const none = fails('UNSUPPORTED', 'none');
  expect(dropBy('iptables', { iptables: works, nftables: none })).toBe('iptables');
  expect(() => dropBy('nftables', { iptables: works, nftables: none })).toThrow('none');
});

test('without a wish it is nf_tables, or iptables where the kernel has none', () => {
  const unused = fails('UNSUPPORTED', 'unused');
  expect(dropBy(undefined, { nftables: works, iptables: unused })).toBe('nftables');
  expect(dropBy(undefined, { nftables: fails('UNSUPPORTED', 'no tables'), iptables: works })).toBe('iptables');
});

test('what nf_tables answers is said where neither can be used, and a denial at once', () => {
  const tables = fails('UNSUPPORTED', 'no tables');
  expect(() => dropBy(undefined, { nftables: tables, iptables: fails('UNSUPPORTED', 'no rules') })).toThrow(
    'no tables',
  );
  expect(() => dropBy(undefined, { nftables: fails('NOT_PERMITTED', 'no'), iptables: works })).toThrow('no');
});
