import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { arena, pidfdGetfd, pidfdOpen, syscall } from '@criujs/linux';
import { afterEach, describe, expect } from 'vitest';
import { createDescriptors, createHolders } from './files-holder.ts';
import { run } from './harness/command.ts';
import { criujs, criujsCommand, criujsFails } from './harness/engines.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { proc, processesIn, runs } from './harness/processes.ts';
import { cProgram } from './harness/programs.ts';
import { until } from './harness/wait.ts';

// What is refused of internet sockets, by name, and what is said of those that cannot be made again.

const holders = createHolders();
const descriptors = createDescriptors();

afterEach(async () => {
  descriptors.close();
  await holders.end();
});

const own = await run(['unshare', '--net', 'sh', '-c', 'ip link set lo up']).catch(() => ({ code: 1 }));
const noNamespace = isRoot && own.code === 0 ? null : 'no network namespaces here';

const internet = 2;
const datagram = 2;
const closeOnExec = 0o2000000;
const addressLength = 16;
/** SOL_SOCKET, SO_REUSEPORT and MSG_MORE. */
const [socketLevel, reusePort, more] = [1, 15, 0x8000] as const;

/** A UDP socket at a port of 127.0.0.1; 0: the kernel chooses one. */
function socketAt(port = 0, shares = false): number {
  const fd = descriptors.keep(syscall('socket', internet, datagram | closeOnExec, 0));
  arena.scope(() => {
    const address = arena.alloc(addressLength);
    address.view.setUint16(0, internet, true);
    address.view.setUint16(2, port, false);
    address.bytes.set([127, 0, 0, 1], 4);
    const one = arena.alloc(4);
    one.view.setInt32(0, 1, true);
    if (shares) syscall('setsockopt', fd, socketLevel, reusePort, one.address, 4);
    syscall('bind', fd, address.address, address.length);
  });
  return fd;
}

function portOf(fd: number): number {
  return arena.scope(() => {
    const address = arena.alloc(addressLength);
    const size = arena.alloc(4);
    size.view.setUint32(0, addressLength, true);
    syscall('getsockname', fd, address.address, size.address);
    return address.view.getUint16(2, false);
  });
}

/** connect(2) to where another is. */
function lead(fd: number, to: number): void {
  arena.scope(() => {
    const address = arena.alloc(addressLength);
    const size = arena.alloc(4);
    size.view.setUint32(0, addressLength, true);
    syscall('getsockname', to, address.address, size.address);
    syscall('connect', fd, address.address, addressLength);
  });
}

/** Begins to send to itself, and does not end it. */
function beginToSend(fd: number): void {
  arena.scope(() => {
    const address = arena.alloc(addressLength);
    const size = arena.alloc(4);
    size.view.setUint32(0, addressLength, true);
    syscall('getsockname', fd, address.address, size.address);
    syscall('sendto', fd, arena.alloc(8).address, 8, more, address.address, addressLength);
  });
}

describe('internet sockets', () => {
  test('what is half sent is refused by name', async ({ place }) => {
    const fd = socketAt();
    beginToSend(fd);
    const { pid } = holders.start({ 3: fd });
    const failure = await criujsFails(['dump', '-t', String(pid), '-D', place.fresh('images')]);
    expect(failure).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3 });
    expect(failure.refusals).toHaveLength(1);
    expect(failure.refusals?.[0]).toMatchObject({
      pid,
      resource: `descriptor 3: UDP socket at 127.0.0.1:${portOf(fd)}`,
      why: expect.stringContaining('something that it sends has not left yet (UDP_CORK, MSG_MORE)'),
    });
    expect(runs(pid), 'it runs on').toBe(true);
  });

  test('an error that waits is refused by name, and is still there', async ({ place }) => {
    const gone = socketAt();
    const fd = socketAt();
    lead(fd, gone);
    descriptors.drop(gone);
    // Nobody is there: the answer to what is sent is an error.
    writeSync(fd, 'x');
    const { pid } = holders.start({ 3: fd });
    const failure = await criujsFails(['dump', '-t', String(pid), '-D', place.fresh('images')]);
    expect(failure.refusals).toHaveLength(1);
    expect(failure.refusals?.[0]?.why).toContain('an error waits in it that the program has not been told yet');
    expect(() => writeSync(fd, 'x')).toThrowError(/ECONNREFUSED/);
  });

  test.skipIf(noNamespace)('one of another network namespace is refused by name', async ({ place }) => {
    const script = 'ip link set lo up && exec 7<>/dev/udp/127.0.0.1/9 && exec sleep 1000';
    const stranger = spawn('unshare', ['--net', 'bash', '-c', script], { stdio: 'ignore' });
    try {
      await until('it sleeps', () => proc(stranger.pid ?? 0, 'comm') === 'sleep\n');
      const pidfd = descriptors.keep(pidfdOpen(stranger.pid ?? 0));
      const { pid } = holders.start({ 3: descriptors.keep(pidfdGetfd(pidfd, 7)) });
      const failure = await criujsFails(['dump', '-t', String(pid), '-D', place.fresh('images')]);
      expect(failure.refusals).toHaveLength(1);
      expect(failure.refusals?.[0]).toMatchObject({
        resource: expect.stringMatching(/^descriptor 3: UDP socket 127\.0\.0\.1:\d+ → 127\.0\.0\.1:9$/),
        why: expect.stringContaining('it belongs to another network namespace'),
      });
    } finally {
      const ended = once(stranger, 'exit');
      stranger.kill('SIGKILL');
      await ended;
    }
  });

  test('sockets that share a port are told of what nobody can tell', async ({ place }) => {
    const first = socketAt(0, true);
    const second = socketAt(portOf(first), true);
    const { pid } = holders.start({ 3: first, 4: second });
    const args = ['dump', '-t', String(pid), '-D', place.fresh('images'), '--leave-running', '--json'];
    const { warnings } = JSON.parse((await criujsCommand(args)).stdout) as { readonly warnings: readonly string[] };
    const told = warnings.filter((warning) => warning.includes('SO_ATTACH_REUSEPORT_CBPF'));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(`UDP socket at 127.0.0.1:${portOf(first)} shares its port`);
  });

  const program = cProgram('inets', { INETS_USER: '1' });
  test.skipIf(program.missing ?? !isRoot)(
    'a port that somebody has by now is told, and who has it; then it is free again',
    async ({ place }) => {
      const target = await place.start(program);
      const port = firstPortOf(target.pid);
      const images = target.images();
      await criujs.dump(target.pid, images);
      const other = createServer();
      await new Promise<void>((listening) => other.listen(port, '127.0.0.1', listening));
      const failure = await criujsFails(['restore', '-D', images, '--detach']);
      expect(failure).toMatchObject({
        code: 'FILE_CHANGED',
        exitCode: 5,
        resource: `TCP socket that listens at 127.0.0.1:${port}`,
      });
      expect(failure.message).toMatch(new RegExp(`process ${process.pid} \\(.+\\) has its port ${port} by now`));
      expect(processesIn(target.directory), 'nothing is half restored').toEqual([]);
      await new Promise((closed) => other.close(closed));
      place.track(await criujs.restore(images));
      await target.advance();
      await target.finish();
    },
  );
});

/** The port of the first socket that a process has that listens. proc_pid_net(5) */
function firstPortOf(pid: number): number {
  const listening = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((row) => row.trim().split(/\s+/))
    .filter(([, , , state]) => state === '0A');
  for (const fd of readdirSync(`/proc/${pid}/fd`)
    .map(Number)
    .sort((one, other) => one - other)) {
    const link = readlinkSync(`/proc/${pid}/fd/${fd}`);
    const row = listening.find(([, , , , , , , , , inode]) => link === `socket:[${inode}]`);
    if (row !== undefined) return Number.parseInt(row[1]?.split(':')[1] ?? '', 16);
  }
  throw new Error(`${pid} listens nowhere`);
}
