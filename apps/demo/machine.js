// What the demo needs of the machine: a device, processes, and patience that waits for conditions, never for time.
import { fork, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';

/** Devices that no engine can dump by itself. Anybody may open at least the last. */
const devices = [
  '/dev/fuse',
  '/dev/loop-control',
  '/dev/kvm',
  '/dev/net/tun',
  '/dev/vhost-net',
  '/dev/uinput',
  '/dev/rtc0',
  '/dev/autofs',
];
/** open(2): O_CLOEXEC, as /proc/PID/fdinfo shows it. */
const closeOnExec = 0o2000000;
/** Nothing here takes longer than this, unless something is wrong. */
const patienceMs = 60_000;

/** The first device that is there and opens. */
export function findDevice() {
  const found = devices.find((path) => opens(path, 'r+') || opens(path, 'r'));
  if (found === undefined) throw new Error(`none of ${devices.join(', ')} can be opened here`);
  return found;
}

function opens(path, flags) {
  try {
    closeSync(openSync(path, flags));
    return true;
  } catch {
    return false;
  }
}

/** Closes what whoever started the demo leaked into it: it would be handed down to the program that is to be dumped. */
export function closeLeakedDescriptors() {
  for (const fd of readdirSync('/proc/self/fd').map(Number)) {
    if (fd > 2 && isLeaked(fd)) closeSync(fd);
  }
}

/** All that Node opens for itself is closed when another program starts. */
function isLeaked(fd) {
  try {
    const [, flags = '0'] = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? [];
    return (Number.parseInt(flags, 8) & closeOnExec) === 0;
  } catch {
    return false;
  }
}

/** Waits until `look` answers something. `changed` makes it look again. */
export async function until(what, look) {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Whether a process is there and has not ended. */
export function isAlive(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** Ends a process that the demo started, and waits until it has. */
export async function endProcess(pid) {
  if (!isAlive(pid)) return;
  process.kill(pid, 'SIGKILL');
  await until(`process ${pid} ends`, () => !isAlive(pid));
}

/** Starts the service, and waits until it listens. */
export async function startService(path) {
  const child = fork(fileURLToPath(new URL('service.js', import.meta.url)), [path]);
  const waiting = new Map();
  let asked = 0;
  await new Promise((resolve, reject) => {
    child.on('exit', (code) => reject(new Error(`the service ended with code ${code}`)));
    child.on('message', (message) => {
      if (message.ready) resolve(undefined);
      waiting.get(message.id)?.(message.answer);
      waiting.delete(message.id);
    });
  });
  return {
    pid: child.pid,
    ask(question) {
      const id = ++asked;
      return new Promise((resolve) => {
        waiting.set(id, resolve);
        child.send({ id, ask: question });
      });
    },
    end: () => endProcess(child.pid),
  };
}

/** Starts the program in a session of its own, with a connection to the service as its standard input. */
export async function startProgram(command, servicePath, cwd, env) {
  const connection = connect(servicePath).pause();
  await new Promise((resolve, reject) => connection.once('connect', resolve).once('error', reject));
  const [name, ...args] = command;
  const child = spawn(name, args, { cwd, env, detached: true, stdio: [connection, 'ignore', 'ignore'] });
  // The program has it now; our own must not keep it open.
  connection.destroy();
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve({ code, signal }));
  });
  return { pid: child.pid, ended };
}
