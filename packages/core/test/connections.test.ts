import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect } from 'vitest';
import { runWell } from './harness/command.ts';
import { bin, criujs, criujsCommand, criujsFails } from './harness/engines.ts';
import { killAt } from './harness/killer.ts';
import { travel } from './harness/legs.ts';
import { isRoot, namespaceTools, noIptables } from './harness/machine.ts';
import { heldRules, heldTables, isHeld } from './harness/network.ts';
import { test } from './harness/place.ts';
import { runs, untilGone } from './harness/processes.ts';
import { cProgram } from './harness/programs.ts';
import type { Target } from './harness/target.ts';
import { until } from './harness/wait.ts';

const server = cProgram('server');
const more = ['--tcp-established'];
const missing = server.missing ?? (isRoot ? null : 'needs root');

/** A client outside of the tree. It sends numbers, and each comes back. */
interface Client {
  readonly socket: Socket;
  /** Numbers that came back. */
  count(): number;
  /** What ended the connection; null: nothing. */
  over(): string | null;
  /** Sends more and more, one after the other, until it is stopped. */
  start(): void;
  stop(): void;
}

const clients: Client[] = [];

async function clientOf(target: Target, host: string = '127.0.0.1'): Promise<Client> {
  await until('the server says its port', () => existsSync(target.path('port')));
  const socket = connect(Number(readFileSync(target.path('port'), 'utf8')), host);
  let [count, text, over, going]: [number, string, string | null, boolean] = [0, '', null, false];
  socket.on('error', (error) => {
    over ??= String(error);
  });
  socket.on('close', () => {
    over ??= 'end';
  });
  const send = (): boolean => socket.write(`${count}\n`);
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n')) {
      if (text.slice(0, at) !== String(count)) over ??= `${text.slice(0, at)} came in the place of ${count}`;
      text = text.slice(at + 1);
      count++;
      if (going) send();
    }
  });
  const client: Client = {
    socket,
    count: () => count,
    over: () => over,
    start() {
      going = true;
      send();
    },
    stop() {
      going = false;
    },
  };
  clients.push(client);
  await until('it is connected', () => !socket.connecting);
  return client;
}

async function goesOn(client: Client): Promise<void> {
  const before = client.count();
  await until('numbers come back', () => {
    expect(client.over()).toBeNull();
    return client.count() > before + 20;
  });
}

afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await nothingHeld();
});

/** Somebody else on this machine may dump connections, too: what is his goes by itself. */
async function nothingHeld(): Promise<void> {
  await until('nothing is held', () => !isHeld());
}

/** The table of the dump in these images. */
function tableOf(images: string): string {
  const { networkLocks } = JSON.parse(readFileSync(join(images, 'criujs.json'), 'utf8')) as {
    networkLocks: { id: string }[];
  };
  return `CRIU-${networkLocks[0]?.id}`;
}

describe.skipIf(missing)(missing ?? 'TCP connections to programs outside of the tree', () => {
  for (const [name, env, host] of [
    ['IPv4', {}, '127.0.0.1'],
    ['IPv6', { SERVER_FAMILY: '6' }, '::1'],
  ] as const) {
    test(`notice a pause when the tree is dumped and restored, three times: ${name}`, async ({ place }) => {
      const target = await place.start(cProgram('server', env));
      const both = [await clientOf(target, host), await clientOf(target, host)];
      for (const client of both) client.start();
      for (let leg = 0; leg < 3; leg++) {
        for (const client of both) await goesOn(client);
        await travel(place, target, { by: criujs, compared: false, dump: { more }, restore: { more } });
        await nothingHeld();
      }
      for (const client of both) await goesOn(client);
      await target.finish();
    });
  }

  test('notice less when the tree is left running', async ({ place }) => {
    const target = await place.start(server);
    const client = await clientOf(target);
    client.start();
    for (let leg = 0; leg < 3; leg++) {
      await criujs.dump(target.pid, target.images(), { leaveRunning: true, more });
      await nothingHeld();
      await goesOn(client);
    }
    await target.finish();
  });

  test('lose nothing of what was sent meanwhile, nor of what nobody has read', async ({ place }) => {
    const target = await place.start(cProgram('server', { SERVER_HOLDS: '1' }));
    const client = await clientOf(target);
    const whole = Buffer.from(Array.from({ length: 20_000 }, (_, at) => `${at}\n`).join(''));
    client.socket.write(whole.subarray(0, 60_000));
    const images = target.images();
    await until('the server has the beginning', () => client.socket.bytesWritten >= 60_000);
    const pid = target.pid;
    // It has not accepted anybody yet.
    writeFileSync(target.path('read'), '');
    await until('some come back', () => client.count() > 100);
    rmSync(target.path('read'));
    await criujs.dump(pid, images, { more });
    expect(heldTables()).toContain(tableOf(images));
    client.socket.write(whole.subarray(60_000));
    place.track(await criujs.restore(images, { more }));
    writeFileSync(target.path('read'), '');
    await until('all come back', () => {
      expect(client.over()).toBeNull();
      return client.count() === 20_000;
    });
    await target.finish();
  });

  test('are held until somebody lets their packets pass, and said to be so', async ({ place }) => {
    const target = await place.start(server);
    const client = await clientOf(target);
    client.start();
    await goesOn(client);
    const images = target.images();
    const { stdout } = await criujsCommand(['dump', '-t', String(target.pid), '-D', images, '--json', ...more]);
    const { networkLock } = JSON.parse(stdout) as { networkLock: { id: string; connections: string[] } };
    expect(networkLock.connections).toEqual([
      expect.stringMatching(/^TCP socket 127\.0\.0\.1:\d+ → 127\.0\.0\.1:\d+$/),
    ]);
    expect(heldTables()).toContain(`CRIU-${networkLock.id}`);
    expect(client.over()).toBeNull();
    const unlocked = await criujsCommand(['network', 'unlock', '-D', images, '--json']);
    expect(JSON.parse(unlocked.stdout)).toMatchObject({
      ...{ ok: true, tables: [`CRIU-${networkLock.id}`] },
      connections: networkLock.connections,
    });
    client.socket.write('is anybody there?\n');
    await until('the client hears that nobody is there', () => client.over() !== null);
    expect(client.over()).toContain('ECONNRESET');
    const again = await criujsCommand(['network', 'unlock', '-D', images, '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ ok: true, tables: [] });
  });

  test('are refused by name, and the refusal names the option', async ({ place }) => {
    const target = await place.start(server);
    const client = await clientOf(target);
    client.start();
    await goesOn(client);
    const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images()]);
    expect(failure).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3 });
    expect(failure.refusals).toMatchObject([
      {
        resource: expect.stringContaining('TCP socket 127.0.0.1'),
        why: expect.stringContaining('it is a connection'),
        remedy: expect.stringMatching(/--tcp-established.*--tcp-close/),
      },
    ]);
    await goesOn(client);
    await target.finish();
  });

  test('come back as closed ones, if that is wanted', async ({ place }) => {
    const target = await place.start(server);
    const client = await clientOf(target);
    client.start();
    await goesOn(client);
    client.stop();
    const images = target.images();
    await criujs.dump(target.pid, images, { more: ['--tcp-close'] });
    await until('the client hears that it is over', () => client.over() !== null);
    await nothingHeld();
    await untilGone(target.pid);
    place.track(await criujs.restore(images, { more: ['--tcp-close'] }));
    await until('the server finds its connection ended', () => existsSync(target.path('over')));
    expect(readFileSync(target.path('over'), 'utf8')).toBe('end\n');
    const next = await clientOf(target);
    next.start();
    await goesOn(next);
    await target.finish();
  });

  test('stay as they were when a restore fails, and come back with the next one', async ({ place }) => {
    const target = await place.start(server);
    const client = await clientOf(target);
    client.start();
    await goesOn(client);
    const images = target.images();
    const pid = target.pid;
    await criujs.dump(pid, images, { more });
    await until('it ends', () => !runs(pid));
    expect(await criujsFails(['restore', '-D', images, '--detach'])).toMatchObject({
      code: 'UNSUPPORTED',
      remedy: expect.stringContaining('--tcp-established'),
    });
    // Something else cannot be restored, once the connections are made.
    const spoilt = target.images();
    cpSync(images, spoilt, { recursive: true });
    truncateSync(join(spoilt, 'pages-1.img'), 0);
    expect((await criujsFails(['restore', '-D', spoilt, '--detach', ...more])).code).toBe('IMAGE_INVALID');
    expect(heldTables()).toContain(tableOf(images));
    const stream = readdirSync(images).find((name) => name.startsWith('tcp-stream-')) ?? '';
    const cut = target.images();
    cpSync(images, cut, { recursive: true });
    truncateSync(join(cut, stream), 20);
    expect((await criujsFails(['restore', '-D', cut, '--detach', ...more])).code).toBe('IMAGE_INVALID');
    expect(client.over()).toBeNull();
    place.track(await criujs.restore(images, { more }));
    await goesOn(client);
    await target.finish();
  });

  test('are not taken from an ordinary user, who is told before anything is frozen', async ({ place }) => {
    const target = await place.start(server, { asNobody: true });
    const client = await clientOf(target);
    client.start();
    await goesOn(client);
    const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images(), ...more], {
      asNobody: true,
    });
    expect(failure.refusals).toMatchObject([{ remedy: expect.stringContaining('CAP_NET_ADMIN') }]);
    await goesOn(client);
    await target.finish();
  });

  test.skipIf(!namespaceTools)(
    'go on when the program is restored on another machine that has its address',
    async ({ place }) => {
      const [here, there] = ['10.251.97.1', '10.251.97.2'];
      // Each machine is a network namespace, whose devices are gone with it.
      const machine = async (): Promise<{ readonly pid: number; readonly enter: readonly string[] }> => {
        const started = await runWell(['sh', '-c', 'unshare -n sleep 300 </dev/null >/dev/null 2>&1 & echo $!']);
        const pid = Number(started);
        place.track(pid);
        await until(
          'it has its own network',
          () => readlinkSync(`/proc/${pid}/ns/net`) !== readlinkSync('/proc/self/ns/net'),
        );
        return { pid, enter: ['nsenter', `--net=/proc/${pid}/ns/net`] };
      };
      const connectTo = async ({ pid, enter }: Awaited<ReturnType<typeof machine>>): Promise<void> => {
        const device = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid)];
        await runWell(['ip', 'link', 'add', 'criujs-test', ...device]);
        await runWell(['ip', 'address', 'add', `${here}/30`, 'dev', 'criujs-test']);
        await runWell([...enter, 'ip', 'address', 'add', `${there}/30`, 'dev', 'eth0']);
        await runWell([...enter, 'ip', 'link', 'set', 'eth0', 'up']);
      };
      const [first, second] = [await machine(), await machine()];
      const plugIn = (): Promise<string> => runWell(['ip', 'link', 'set', 'criujs-test', 'up']);
      await connectTo(first);
      await plugIn();
      const program = cProgram('server', { SERVER_ADDRESS: there });
      const target = await place.start({ ...program, command: () => [...first.enter, ...program.command()] });
      const client = await clientOf(target, there);
      client.start();
      await goesOn(client);
      const images = target.images();
      const command = [process.execPath, bin];
      await runWell([...first.enter, ...command, 'dump', '-t', String(target.pid), '-D', images, ...more]);
      await runWell(['ip', 'link', 'delete', 'criujs-test']);
      await connectTo(second);
      const text = await runWell([...second.enter, ...command, 'restore', '-D', images, '--detach', '--json', ...more]);
      place.track((JSON.parse(text) as { pid: number }).pid);
      // Before, the other machine would have said that there is no such connection.
      await plugIn();
      await goesOn(client);
      await target.finish();
      await runWell(['ip', 'link', 'delete', 'criujs-test']);
    },
  );
});

describe.skipIf(missing ?? noIptables)(missing ?? noIptables ?? 'TCP connections that are held with iptables', () => {
  const byRules = [...more, '--network-lock', 'iptables'];

  /** The rules of a target's connections: others on this machine may have some. */
  function rulesAt(target: Target): string[] {
    const port = readFileSync(target.path('port'), 'utf8').trim();
    return heldRules().filter((line) => line.split(' ').includes(port));
  }

  /** The rules of a connection as the programs print them. */
  function rulesOf({ socket }: Client, target: Target): string[] {
    const is6 = socket.remoteFamily === 'IPv6';
    const [client, own] = [socket.localPort, Number(readFileSync(target.path('port'), 'utf8'))];
    const host = is6 ? '::1/128' : '127.0.0.1/32';
    return (
      [
        ['INPUT', client, own],
        ['OUTPUT', own, client],
      ] as const
    ).map(
      ([chain, from, to]) =>
        `${is6 ? 'ip6tables' : 'iptables'} -A ${chain} -s ${host} -d ${host} -p tcp -m mark ! --mark 0xc114 -m tcp --sport ${from} --dport ${to} -j DROP`,
    );
  }

  for (const [name, env, host] of [
    ['IPv4', {}, '127.0.0.1'],
    ['IPv6', { SERVER_FAMILY: '6' }, '::1'],
  ] as const) {
    test(`notice a pause when the tree is dumped and restored: ${name}`, async ({ place }) => {
      const target = await place.start(cProgram('server', env));
      const both = [await clientOf(target, host), await clientOf(target, host)];
      for (const client of both) client.start();
      for (let leg = 0; leg < 2; leg++) {
        for (const client of both) await goesOn(client);
        const images = target.images();
        await criujs.dump(target.pid, images, { more: byRules });
        expect(heldTables()).not.toContain(tableOf(images));
        const wanted = both.flatMap((client) => rulesOf(client, target));
        expect(rulesAt(target).sort()).toEqual(wanted.sort());
        place.track(await criujs.restore(images, { more }));
        await nothingHeld();
      }
      for (const client of both) await goesOn(client);
      await target.finish();
    });
  }

  test('notice less when the tree is left running', async ({ place }) => {
    const target = await place.start(server);
    const client = await clientOf(target);
    client.start();
    await criujs.dump(target.pid, target.images(), { leaveRunning: true, more: byRules });
    // They are gone before it runs on, and not a moment later.
    expect(rulesAt(target)).toEqual([]);
    await goesOn(client);
    await target.finish();
  });

  for (const phase of ['infect', 'pages', 'write'])
    test(`go on when the engine is killed: ${phase}`, async ({ place }) => {
      const target = await place.start(server);
      const client = await clientOf(target);
      client.start();
      await goesOn(client);
      const dump = ['dump', '-t', String(target.pid), '-D', target.images(), ...byRules];
      const run = await killAt(phase, 0, [process.execPath, bin, ...dump]);
      expect(run, run.said).toMatchObject({ killed: true, last: phase });
      await nothingHeld();
      await goesOn(client);
      await target.finish();
    });

  test('are held until somebody lets their packets pass, and said to be so', async ({ place }) => {
    const target = await place.start(server);
    const client = await clientOf(target);
    client.start();
    await goesOn(client);
    const rules = rulesOf(client, target);
    const images = target.images();
    const { stdout } = await criujsCommand(['dump', '-t', String(target.pid), '-D', images, '--json', ...byRules]);
    const { networkLock } = JSON.parse(stdout) as { networkLock: { method: string; connections: string[] } };
    expect(networkLock).toMatchObject({ method: 'iptables', connections: [expect.stringContaining('127.0.0.1')] });
    expect(rulesAt(target)).toEqual(rules);
    // One is gone: the other is found all the same.
    const [first = '', second = ''] = rules;
    await runWell(first.replace('-A', '-w -D').split(' '));
    const unlocked = await criujsCommand(['network', 'unlock', '-D', images, '--json']);
    expect(JSON.parse(unlocked.stdout)).toMatchObject({
      ...{ ok: true, tables: [], rules: [expect.stringMatching(/^iptables OUTPUT -p tcp .* -j DROP$/)] },
      connections: networkLock.connections,
    });
    expect(rulesAt(target)).not.toContain(second);
    client.socket.write('is anybody there?\n');
    await until('the client hears that nobody is there', () => client.over() !== null);
    expect(client.over()).toContain('ECONNRESET');
    const again = await criujsCommand(['network', 'unlock', '-D', images, '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ ok: true, tables: [], rules: [] });
  });

  test('pass again, whoever made the rules: CRIU or we', async ({ place }) => {
    const target = await place.start(server);
    const client = await clientOf(target);
    client.start();
    await goesOn(client);
    const images = target.images();
    const port = readFileSync(target.path('port'), 'utf8').trim();
    const own = ['127.0.0.1', port] as const;
    const other = ['127.0.0.1', String(client.socket.localPort)] as const;
    await criujs.dump(target.pid, images, { more: byRules });
    // The command lines of CRIU: criu/netfilter.c.
    const asCriu = async (how: '-I' | '-D'): Promise<void> => {
      for (const [chain, [from, sport], [to, dport]] of [
        ['INPUT', other, own],
        ['OUTPUT', own, other],
      ] as const) {
        const mark = ['-m', 'mark', '!', '--mark', '0xC114'];
        const ends = ['--source', from, '--sport', sport, '--destination', to, '--dport', dport];
        await runWell([
          'iptables',
          '-w',
          '-t',
          'filter',
          how,
          chain,
          '--protocol',
          'tcp',
          ...mark,
          ...ends,
          '-j',
          'DROP',
        ]);
      }
    };
    await asCriu('-D');
    expect(rulesAt(target)).toEqual([]);
    await asCriu('-I');
    expect(rulesAt(target)).toHaveLength(2);
    // CRIU does not write it.
    rmSync(join(images, 'criujs.json'));
    place.track(await criujs.restore(images, { more }));
    expect(rulesAt(target)).toEqual([]);
    await goesOn(client);
    await target.finish();
  });
});
