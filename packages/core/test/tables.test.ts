import { existsSync } from 'node:fs';
import { plan } from '@criujs/core';
import { describe, expect } from 'vitest';
import { criujsFails } from './harness/engines.ts';
import { test } from './harness/place.ts';
import { cProgram } from './harness/programs.ts';

const program = cProgram('tables', { TABLES_APART: '1' });

describe.skipIf(program.missing)(program.missing ?? 'processes that share descriptors', () => {
  test('that their parent does not share any more are refused by name, by a plan and by a dump', async ({ place }) => {
    const target = await place.start(program);
    const images = target.images();
    const refused = [{ resource: 'its table of descriptors', why: expect.stringContaining('not with its parent') }];
    const { rows } = await plan({ pid: target.pid });
    expect(rows.filter(({ taker }) => taker === null)).toMatchObject(refused);
    const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', images]);
    expect(failure).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3, refusals: refused });
    expect(existsSync(images)).toBe(false);
    expect(target.held()).toEqual([]);
    await target.advance();
    await target.finish();
  });
});
