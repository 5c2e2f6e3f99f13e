import { describe, expect, test } from 'vitest';
import { bin } from '../../packages/core/test/harness/engines.ts';
import { isRoot } from '../../packages/core/test/harness/machine.ts';
import { missingOf } from './ground.ts';
import { travel } from './journey.ts';
import { apps } from './table.ts';

// The rest of them is run by `npm run apps`.

describe.skipIf(!isRoot)('applications in use, dumped and restored twice', () => {
  for (const app of apps.filter(({ inCi }) => inCi)) {
    const missing = missingOf(app);
    test.skipIf(missing)(`${app.name}${missing ? ` (${missing})` : ''}`, async () => {
      const seen = await travel(app, { bin: [process.execPath, bin], more: [], rounds: 2 });
      expect(seen.answers).toBeGreaterThan(60);
    });
  }
});
