// A counter for Node: timers, the thread pool (fs, crypto, zlib), promises, a running hash. See target.h for what it is asked.
import { createHash, pbkdf2 } from 'node:crypto';
import { openSync, readSync } from 'node:fs';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { expect, run } from './target.mjs';

const derive = promisify(pbkdf2);
const expectedKey = (await derive('password', 'salt', 200, 32, 'sha512')).toString('hex');
const words = openSync('words', 'r');
const running = createHash('sha256');
const kept = new Map();
let all = '';

const verify = async (tick) => {
  running.update(`${tick},`);
  all += `${tick},`;
  expect(running.copy().digest('hex') === createHash('sha256').update(all).digest('hex'), 'the running hash');
  kept.set(`key ${tick}`, { tick, square: BigInt(tick) ** 20n, text: 'ä€😀'.repeat(tick % 50) });
  const line = Buffer.alloc(`word ${tick}\n`.length);
  readSync(words, line);
  expect(line.toString() === `word ${tick}\n`, `word ${tick} of the open file was ${line}`);

  const [key, packed] = await Promise.all([derive('password', 'salt', 200, 32, 'sha512'), promisify(gzip)(all)]);
  expect(key.toString('hex') === expectedKey, 'a derived key');
  expect((await promisify(gunzip)(packed)).toString() === all, 'packed and unpacked text');
  await writeFile('state', JSON.stringify({ tick, keys: [...kept.keys()] }));
  expect(JSON.parse(await readFile('state', 'utf8')).keys.length === tick, 'a written file');
};

const tick = await run(verify, { rest: 25, period: 7 });
for (let i = 1; i <= tick; i++) {
  const { square, text } = kept.get(`key ${i}`);
  expect(square === BigInt(i) ** 20n && text === 'ä€😀'.repeat(i % 50), `kept value ${i}`);
}
await appendFile('log', 'DONE\n');
