// What programs for Node have in common: how they report, and how they are asked. See target.h.
import { appendFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

const fail = (text) => {
  appendFileSync('log', `FAIL ${text}\n`);
  process.exit(3);
};
export const expect = (condition, text) => condition || fail(text);
process.on('uncaughtException', (error) => fail(error.stack.replaceAll('\n', ' ')));

// Ticks until it is asked to end, each with all checks and so many milliseconds in which a timer of the period goes on. Answers how often.
export const run = async (verify, { rest, period }) => {
  let intervals = 0;
  setInterval(() => intervals++, period).unref();
  let tick = 0;
  while (!existsSync('finish')) {
    if (existsSync('pause')) {
      writeFileSync('paused', '');
      await wait(20);
      continue;
    }
    rmSync('paused', { force: true });
    tick += 1;
    const before = intervals;
    await verify(tick);
    await wait(rest);
    expect(intervals > before, 'the interval does not run any more');
    await appendFile('log', `${tick}\n`);
  }
  return tick;
};
