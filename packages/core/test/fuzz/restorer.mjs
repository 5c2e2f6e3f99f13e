// Restores the images whose paths come in, a line each, and says what came of it. It runs as the first child of a pid
// namespace where the tests have the rights for one: whoever else is there was left behind by a restore.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [library, alone] = process.argv.slice(2);
const { restore } = await import(pathToFileURL(library).href);

const descriptors = () => readdirSync('/proc/self/fd').length;

/** All processes but ourselves and the shell that reaps. Ordinary users share their namespace with others: there, none. */
function others() {
  if (alone !== 'alone') return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid);
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** Who is left in the end; what has ended is reaped at some time. */
async function left(isEnded) {
  for (let tries = 0; tries < 200; tries++) {
    const now = others();
    if (now.length === 0) return [];
    if (isEnded) for (const pid of now) kill(pid);
    await new Promise((done) => setTimeout(done, 10));
  }
  return others().map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/status`, 'latin1').split('\n').slice(0, 8).join(' ');
    } catch {
      return `${pid}`;
    }
  });
}

/** What a process has by now, as the kernel tells it: rights, and what it has open. */
function holdings(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const rights = [...status.matchAll(/^(Uid|Gid|Groups|Cap(?:Inh|Prm|Eff|Amb)):[ \t]*(.*)$/gm)].map(
    ([, name, value]) => [name, value.trim()],
  );
  const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  const places = ['cwd', 'root', 'exe'].map((name) => readlinkSync(`/proc/${pid}/${name}`));
  return {
    ...Object.fromEntries(rights),
    open: [...open, ...places],
    maps: readFileSync(`/proc/${pid}/maps`, 'latin1'),
  };
}

/** What has ended by itself has nothing. */
function holdingsOf(pid) {
  try {
    return [holdings(pid)];
  } catch {
    return [];
  }
}

async function attempt(images) {
  try {
    const { pids } = await restore({ images, newPids: true, detach: true });
    const held = [...pids.values()].flatMap(holdingsOf);
    for (const pid of pids.values()) kill(pid);
    return { code: 'restored', held };
  } catch (error) {
    const { code, message, remedy, stack } = error;
    return { code: String(code), message: String(message), remedy: remedy ?? '', stack };
  }
}

for await (const images of createInterface({ input: process.stdin })) {
  const since = performance.now();
  const outcome = await attempt(images);
  const ms = performance.now() - since;
  const remains = await left(outcome.code === 'restored');
  const mostMiB = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(`${JSON.stringify({ ...outcome, ms, left: remains, descriptors: descriptors(), mostMiB })}\n`);
}
