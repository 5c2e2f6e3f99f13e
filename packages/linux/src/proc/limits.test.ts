import { expect, test } from 'vitest';
import { parseAuxv, parseChildren, parseLimits, unlimited } from './limits.ts';

const limits = `Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max file size             unlimited            unlimited            bytes     
Max data size             unlimited            unlimited            bytes     
Max stack size            8388608              unlimited            bytes     
Max core file size        0                    unlimited            bytes     
Max resident set          unlimited            unlimited            bytes     
Max processes             96365                96366                processes 
Max open files            20000                9223372036854775807  files     
Max locked memory         8388608              8388608              bytes     
Max address space         unlimited            unlimited            bytes     
Max file locks            unlimited            unlimited            locks     
Max pending signals       96365                96365                signals   
Max msgqueue size         819200               819200               bytes     
Max nice priority         0                    0                    
Max realtime priority     3                    4                    
Max realtime timeout      unlimited            unlimited            us        
`;

test('limits come in the order of RLIMIT_*, without losing a digit', () => {
  const found = parseLimits(limits);
  expect(found).toHaveLength(16);
  expect(found[3]).toEqual({ soft: 8388608n, hard: unlimited });
  expect(found[6]).toEqual({ soft: 96365n, hard: 96366n });
  expect(found[7]).toEqual({ soft: 20000n, hard: 2n ** 63n - 1n });
  expect(found[14]).toEqual({ soft: 3n, hard: 4n });
  expect(unlimited).toBe(2n ** 64n - 1n);
});

test('an auxiliary vector is read from any place in a buffer', () => {
  const bytes = Buffer.alloc(33);
  bytes.writeBigUInt64LE(6n, 1);
  bytes.writeBigUInt64LE(4096n, 9);
  expect(parseAuxv(bytes.subarray(1))).toEqual([6n, 4096n, 0n, 0n]);
});

test('children are pids', () => {
  expect(parseChildren('12 345 \n')).toEqual([12, 345]);
  expect(parseChildren('')).toEqual([]);
});
