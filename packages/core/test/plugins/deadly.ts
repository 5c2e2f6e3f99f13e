import { readFileSync } from 'node:fs';
import { definePlugin, type HookName, hook } from '@criujs/plugin-sdk';

/**
 * Ends a process in the middle of its dump, in the hook that is named in the environment: `CRIUJS_TEST_DEADLY=DUMP_DEVICES_LATE:123`.
 * The process is gone, or a zombie, when the hook answers.
 */
const [where, pid] = (process.env['CRIUJS_TEST_DEADLY'] ?? '').split(':');

function end(at: HookName): void {
  if (where !== at) return;
  process.kill(Number(pid), 'SIGKILL');
  while (lives());
}

function lives(): boolean {
  try {
    return !/\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

export default definePlugin({
  name: 'test-deadly',
  version: '0.0.1',
  hooks: [
    hook('PAUSE_DEVICES', () => end('PAUSE_DEVICES')),
    hook('CHECKPOINT_DEVICES', () => end('CHECKPOINT_DEVICES')),
    hook('DUMP_DEVICES_LATE', () => end('DUMP_DEVICES_LATE')),
  ],
});
