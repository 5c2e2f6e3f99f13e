import { readFileSync } from 'node:fs';
import { dump, restore } from '@criujs/core';
import { expect, test } from 'vitest';
import { lookAtMachine } from '../example/machine.ts';
import { setStage } from '../example/stage.ts';
import plugin from '../src/index.ts';

// A real program that holds /dev/fuse is dumped with the plugin by the embedded engine. As long as `save` declines, nobody takes
// the device: the dump is refused, and the program runs on. Once it takes it, the program is restored with what it held.

const { missing, samePids } = await lookAtMachine();

const name = missing === null ? 'a real program' : `a real program (${missing})`;

test.skipIf(missing !== null)(`the plugin is asked for the device of ${name}, which goes on`, async () => {
  const stage = await setStage();
  try {
    const { program, images, device } = stage;
    const asked: string[] = [];
    const run = {
      images,
      plugins: [plugin],
      record: (line: string) => asked.push(...hookIn(line)),
    };
    const held = device === null ? null : heldBy(program.pid);
    const refusal = await dump({ ...run, pid: program.pid }).then(
      () => null,
      (error: Error) => error,
    );
    if (device !== null) expect(asked).toContain('DUMP_EXT_FILE');
    if (refusal === null) {
      program.pid = (await restore({ ...run, newPids: !samePids })).pid;
      if (held !== null) expect(heldBy(program.pid)).toEqual(held);
    } else {
      expect(refusal.message).toContain(device);
    }
    await program.advance();
  } finally {
    await stage.close();
  }
});

/** The hook that a line of the record says is called. */
function hookIn(line: string): readonly string[] {
  const { event, hook } = JSON.parse(line) as { event: string; hook?: string };
  return event === 'call' && hook !== undefined ? [hook] : [];
}

/** Position and flags of the program's descriptor 3 (proc_pid_fdinfo(5)). */
function heldBy(pid: number): readonly string[] {
  return readFileSync(`/proc/${pid}/fdinfo/3`, 'utf8').match(/^(pos|flags):.*$/gm) ?? [];
}
