// Node with children, beside timers and files: one that lives as long as it does and answers each line, and one a tick that ends at
// once. See target.h for what it is asked.
import { execFile, spawn } from 'node:child_process';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { expect, run } from './target.mjs';

const child = spawn('cat', { stdio: ['pipe', 'pipe', 'ignore'] });
const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
const execute = promisify(execFile);

await run(
  async (tick) => {
    child.stdin.write(`line ${tick}\n`);
    const { value } = await answers.next();
    expect(value === `line ${tick}`, `the child answered ${value} to line ${tick}`);
    const { stdout } = await execute('sh', ['-c', `echo ${tick}`]);
    expect(stdout === `${tick}\n`, `a new child said ${stdout}`);
    await writeFile('state', `${tick}`.repeat(tick));
    expect((await readFile('state', 'utf8')) === `${tick}`.repeat(tick), 'a written file');
  },
  { rest: 20, period: 5 },
);
child.stdin.end();
const end = await ended;
expect(end === 0, `the child ended with ${end}`);
await appendFile('log', 'DONE\n');
