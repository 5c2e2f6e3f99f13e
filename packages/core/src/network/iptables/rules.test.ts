import { expect, test } from 'vitest';
import { batchOf, doorRules, flowRules } from './rules.ts';

const here = { address: Uint8Array.of(127, 0, 0, 1), port: 80 };
const there = { address: Uint8Array.of(10, 0, 0, 2), port: 5000 };
const six = (last: number) => Uint8Array.from([...Array<number>(15).fill(0), last]);

test('the rules of a connection are those of CRIU: matches in the same order', () => {
  const rules = flowRules([{ here, there }]);
  expect(batchOf('iptables', rules, 'make')).toBe(
    `*filter
-I INPUT -p tcp -m mark ! --mark 0xc114 -s 10.0.0.2 --sport 5000 -d 127.0.0.1 --dport 80 -j DROP
-I OUTPUT -p tcp -m mark ! --mark 0xc114 -s 127.0.0.1 --sport 80 -d 10.0.0.2 --dport 5000 -j DROP
COMMIT
`,
  );
  expect(batchOf('iptables', rules, 'remove')).toMatch(/^\*filter\n-D OUTPUT .*\n-D INPUT .*\nCOMMIT\n$/);
  expect(batchOf('ip6tables', rules, 'make')).toBe('');
});

test('those of IPv6 are made by the other program', () => {
  const rules = flowRules([{ here: { ...here, address: six(1) }, there: { ...there, address: six(2) } }]);
  expect(batchOf('iptables', rules, 'make')).toBe('');
  expect(batchOf('ip6tables', rules, 'make')).toContain('-s ::2 --sport 5000 -d ::1 --dport 80');
});

test('what begins a connection is dropped where its family and address say', () => {
  const doors = doorRules([
    { port: 80, address: null, family: null },
    { port: 81, address: null, family: 'ipv4' },
    { port: 82, address: six(1), family: 'ipv6' },
  ]);
  const dropped = 'SYN,ACK SYN -j DROP';
  expect(doors.map(({ program, chain, text }) => `${program} ${chain}${text.split('0xc114')[1]}`)).toEqual([
    `iptables INPUT --dport 80 --tcp-flags ${dropped}`,
    `ip6tables INPUT --dport 80 --tcp-flags ${dropped}`,
    `iptables INPUT --dport 81 --tcp-flags ${dropped}`,
    `ip6tables INPUT -d ::1 --dport 82 --tcp-flags ${dropped}`,
  ]);
});
