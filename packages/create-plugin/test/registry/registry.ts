import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { runServer } from 'verdaccio';
import { root } from '../../../core/test/harness/machine.ts';
import { npmOutput } from './npm.ts';

/** A registry on loopback that has the packages of this checkout, and all others from the one that npm is configured with. */
export interface Registry {
  /** Ends with a slash. */
  readonly url: string;
  /** What it complained about. */
  complaints(): string;
  /** Stops serving and forgets our packages; what came from elsewhere stays in `.cache` for the next run. */
  close(): Promise<void>;
}

/** Names of ours are never asked for elsewhere: a package of a stranger must not take the place of one that is missing. */
const ours = ['@criujs/*', 'criujs', 'create-criu-plugin', 'generator-criu-plugin', 'criu-plugin-of-tests-*'];

export async function startRegistry(): Promise<Registry> {
  const folder = mkdtempSync(join(tmpdir(), 'criujs-registry-'));
  const cache = join(root, '.cache', 'registry');
  mkdirSync(cache, { recursive: true });
  const log = join(folder, 'log');
  writeFileSync(log, '');
  const server: Server = await runServer({
    configPath: join(folder, 'config.yaml'),
    storage: folder,
    auth: { htpasswd: { file: join(folder, 'htpasswd') } },
    uplinks: { configured: await configuredRegistry() },
    packages: {
      ...Object.fromEntries(ours.map((name) => [name, { access: ['$all'], publish: ['$all'] }])),
      // Told from the storage, as verdaccio joins the two.
      '**': { access: ['$all'], publish: [], proxy: ['configured'], storage: relative(folder, cache) },
    },
    log: { type: 'file', path: log, format: 'json', level: 'warn' },
    // What a plugin's packages are is not for the browser.
    web: { enable: false },
  } as unknown as Parameters<typeof runServer>[0]);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    complaints: () => readFileSync(log, 'utf8'),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      rmSync(folder, { recursive: true });
    },
  };
}

/** As the machine's npm has it: its address, and the authorities that it trusts. Nothing of it is written down. */
async function configuredRegistry(): Promise<object> {
  const [url = '', authorities = 'null'] = await Promise.all(
    ['registry', 'cafile'].map((key) => npmOutput(['config', 'get', key])),
  );
  return {
    url,
    ...(authorities === 'null' ? {} : { ca: readFileSync(authorities, 'utf8') }),
    cache: true,
    maxage: '1h',
    timeout: '60s',
    max_fails: 100,
    agent_options: { keepAlive: true, maxSockets: 40 },
  };
}
