import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { criujsFails } from './harness/engines.ts';
import { test } from './harness/place.ts';
import { cProgram } from './harness/programs.ts';

const program = cProgram('vsocks');
const missing = readFileSync('/proc/net/protocols', 'utf8').includes('AF_VSOCK') ? program.missing : 'no vsock here';

describe.skipIf(missing)(`sockets of virtual machines${missing ? ` (${missing})` : ''}`, () => {
  test('are refused by name, and not changed', async ({ place }) => {
    const target = await place.start(program);
    const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images()]);
    expect(failure).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3 });
    expect(failure.refusals).toHaveLength(2);
    for (const { pid, resource, remedy } of failure.refusals ?? []) {
      expect(pid).toBe(target.pid);
      expect(resource).toMatch(/^descriptor \d+: virtual machine socket \(vsock\)$/);
      expect(remedy).not.toBe('');
    }
    expect(target.held()).toEqual([]);
    await target.advance();
    await target.finish();
  });
});
