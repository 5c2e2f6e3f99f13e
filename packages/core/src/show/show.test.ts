import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeRecords } from '@criujs/engine-kit';
import { encodeImage, encodePagemap, FdTypes } from '@criujs/images';
import { pid } from '@criujs/plugin-sdk';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { show } from './show.ts';

let images: string;

beforeEach(() => {
  images = mkdtempSync(join(tmpdir(), 'criujs-show-'));
});

afterEach(() => rmSync(images, { recursive: true }));

const write = (name: string, bytes: Uint8Array | string): void => writeFileSync(join(images, name), bytes);
const fown = { uid: 0, euid: 0, signum: 0, pidType: 0, pid: 0 };

function writeInventory(plugins: readonly string[] = ['gpu']): void {
  const message = { imgVersion: 2, pluginsEntry: { plugins: [...plugins] } };
  write('inventory.img', encodeImage('INVENTORY', [{ message }]));
}

/** A dump of one process with a regular and an external file, the latter with a plugin's part. */
function writeDump(): void {
  writeInventory();
  const task = { pid: 42, ppid: 0, pgid: 42, sid: 42, threads: [42, 43] };
  write('pstree.img', encodeImage('PSTREE', [{ message: task }]));
  const tc = { taskState: 1, exitCode: 0, personality: 0, flags: 0, blkSigset: 0n, comm: 'worker' };
  write('core-42.img', encodeImage('CORE', [{ message: { mtype: 1, tc } }]));
  write('ids-42.img', encodeImage('IDS', [{ message: { vmId: 2, filesId: 2, fsId: 2, sighandId: 2 } }]));
  const pages = { vaddr: 0x1000n, compatNrPages: 3 };
  write('pagemap-42.img', encodePagemap({ pagesId: 1 }, [pages, { ...pages, flags: 1 }]));
  const reg = { id: 1, flags: 0, pos: 0n, fown, name: '/usr/bin/worker' };
  const files = [
    { type: FdTypes.REG, id: 1, reg },
    { type: FdTypes.EXT, id: 7, ext: { id: 7, fown } },
  ];
  write(
    'files.img',
    encodeImage(
      'FILES',
      files.map((message) => ({ message })),
    ),
  );
  const fds = [3, 5].map((fd) => ({ message: { id: 7, flags: 0, type: FdTypes.EXT, fd } }));
  write('fdinfo-2.img', encodeImage('FDINFO', fds));
  const provider = { name: 'gpu', version: '1.4.0' };
  const unknown = { rdev: null, inode: 5, flags: 2, position: 0, owner: null, holders: [{ pid: pid(42), fd: 3 }] };
  const file = { ...unknown, path: '/dev/gpu0', kind: 'character', provider } as const;
  const origin = { package: null, packageVersion: null, load: './gpu.ts' };
  const plugins = [{ ...provider, apiVersion: 1, imageVersion: 3, inventoryName: 'gpu', required: true, ...origin }];
  const takes = [{ hook: 'DUMP_EXT_MOUNT', resource: 'mount 12 (/data)', provider }] as const;
  const nothing = { sockets: [], tasks: [], inodes: [] };
  write('criujs.json', encodeRecords({ ...nothing, externals: [{ id: 7, file }], takes, plugins }));
  mkdirSync(join(images, 'criujs/gpu'), { recursive: true });
  write('criujs/gpu/file-7', '{"path":"/dev/gpu0"}');
  write('criujs/gpu/vram', Buffer.from([0, 1, 2, 255]));
}

test('tells processes, files with their providers, and parts of plugins', async () => {
  writeDump();
  const shown = await show({ images });
  expect(shown).toMatchObject({
    images,
    inventory: { version: 2, plugins: ['gpu'], loaded: [{ name: 'gpu', version: '1.4.0', apiVersion: 1 }] },
    tasks: [{ pid: 42, ppid: 0, threads: 2, state: 'alive', command: 'worker', memory: 3 * 4096 }],
    files: [
      { id: 1, kind: 'REG', name: '/usr/bin/worker', holders: [], provider: null },
      {
        id: 7,
        kind: 'EXT',
        name: '/dev/gpu0',
        holders: [
          { pid: 42, fd: 3 },
          { pid: 42, fd: 5 },
        ],
        provider: { name: 'gpu', version: '1.4.0' },
      },
    ],
    taken: [{ hook: 'DUMP_EXT_MOUNT', resource: 'mount 12 (/data)', provider: { name: 'gpu', version: '1.4.0' } }],
    sections: [
      {
        plugin: 'gpu',
        version: '1.4.0',
        apiVersion: 1,
        imageVersion: 3,
        parts: [
          { name: 'file-7', bytes: 20, json: { path: '/dev/gpu0' } },
          { name: 'vram', bytes: 4 },
        ],
      },
    ],
    problems: [],
  });
  expect(Object.keys(shown.sections[0]?.parts[1] ?? {})).not.toContain('json');
  expect(() => JSON.stringify(shown)).not.toThrow();
});

test('it works where there is no Linux: nothing on its way calls the kernel', () => {
  const seen = new Set<string>();
  const strangers = new Set<string>();
  const walk = (file: URL): void => {
    if (seen.has(file.href)) return;
    seen.add(file.href);
    const text = readFileSync(file, 'utf8').replaceAll(/^(?:im|ex)port type [^;]*;/gms, '');
    for (const [, path = ''] of text.matchAll(/(?:from|import\()\s*'([^']+)'/g)) {
      if (path.startsWith('.')) walk(new URL(path, file));
      else if (path === '@criujs/engine-kit') walk(new URL('../../../engine-kit/src/index.ts', import.meta.url));
      else strangers.add(path);
    }
  };
  walk(new URL('show.ts', import.meta.url));
  expect(seen.size).toBeGreaterThan(10);
  expect([...strangers].filter((it) => !it.startsWith('node:')).sort()).toEqual([
    '@criujs/images',
    '@criujs/plugin-host',
    '@criujs/plugin-host/facts',
    '@criujs/plugin-sdk',
  ]);
});

describe('images of CRIU', () => {
  const fixtures = fileURLToPath(new URL('../../../images/fixtures/', import.meta.url));
  test.each(['counter', 'everything', 'pipeline'])('%s', async (name) => {
    const shown = await show({ images: name, cwd: fixtures });
    expect(shown.problems).toEqual([]);
    expect(shown.inventory).toMatchObject({ version: 2, loaded: null });
    expect(shown.tasks.length).toBeGreaterThan(0);
    for (const { command, program, memory } of shown.tasks.filter(({ state }) => state !== 'zombie')) {
      expect({ command, program, memory }).toEqual({
        command: expect.any(String),
        program: expect.stringMatching(/^\//),
        memory: expect.any(Number),
      });
    }
    expect(shown.files.some(({ holders }) => holders.length > 0)).toBe(true);
  });
});

describe('what cannot be trusted', () => {
  test('no images, or no directory at all', async () => {
    await expect(show({ images })).rejects.toMatchObject({ code: 'IMAGES_INCOMPLETE' });
    await expect(show({ images: join(images, 'nowhere') })).rejects.toMatchObject({ code: 'IMAGES_INCOMPLETE' });
    await expect(show({ images: '' })).rejects.toMatchObject({ code: 'BAD_OPTION' });
  });

  test('a FIFO in the place of the inventory is named, and not called missing', async () => {
    writeDump();
    rmSync(join(images, 'inventory.img'));
    execFileSync('mkfifo', [join(images, 'inventory.img')]);
    const { problems } = await show({ images });
    // Named once.
    expect(problems).toEqual([`${images}/inventory.img is a FIFO, where an image should be`]);
  });

  test('a dump that never ended is shown as far as it goes', async () => {
    writeDump();
    rmSync(join(images, 'inventory.img'));
    rmSync(join(images, 'core-42.img'));
    const { tasks, inventory, problems } = await show({ images });
    expect({ inventory, tasks }).toMatchObject({ inventory: null, tasks: [{ pid: 42, state: null, command: null }] });
    expect(problems).toEqual([expect.stringContaining('the dump is incomplete'), 'core-42.img: it is missing']);
  });

  test('links and fifos are not followed, not waited for', async () => {
    writeDump();
    const secret = join(images, 'secret.json');
    writeFileSync(secret, '"of somebody else"');
    for (const name of ['criujs.json', 'pstree.img', 'criujs/gpu/file-7']) rmSync(join(images, name));
    symlinkSync(secret, join(images, 'criujs.json'));
    symlinkSync(secret, join(images, 'criujs/gpu/file-7'));
    symlinkSync(tmpdir(), join(images, 'criujs/link'));
    execFileSync('mkfifo', [join(images, 'pstree.img')]);
    const shown = await show({ images });
    expect(JSON.stringify(shown)).not.toContain('somebody else');
    expect(shown.problems.join('\n')).toMatch(/criujs\.json is a symbolic link.*pstree\.img is a FIFO.*link/s);
  });

  test('a part of 200,000 levels is told by its size only: nobody could print it', async () => {
    writeDump();
    write('criujs/gpu/file-7', '['.repeat(200_000) + ']'.repeat(200_000));
    const { sections } = await show({ images });
    expect(sections[0]?.parts[0]).toEqual({ name: 'file-7', bytes: 400_000 });
  });

  test('a folder of parts that is a link', async () => {
    writeInventory();
    symlinkSync(tmpdir(), join(images, 'criujs'));
    const { sections, problems } = await show({ images });
    expect(sections).toEqual([]);
    expect(problems).toContain('criujs: it is not a folder');
  });

  test('many problems are counted', async () => {
    writeInventory();
    const tasks = Array.from({ length: 300 }, (_, at) => ({
      pid: at + 2,
      ppid: 0,
      pgid: 0,
      sid: 0,
      threads: [at + 2],
    }));
    write(
      'pstree.img',
      encodeImage(
        'PSTREE',
        tasks.map((message) => ({ message })),
      ),
    );
    const { problems } = await show({ images });
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)).toMatch(/^and \d+ more$/);
  });

  test('no bytes make it fail', async () => {
    writeDump();
    const names = [
      'inventory.img',
      'pstree.img',
      'core-42.img',
      'files.img',
      'fdinfo-2.img',
      'pagemap-42.img',
      'criujs.json',
    ];
    const damage = fc.asyncProperty(fc.constantFrom(...names), fc.uint8Array(), async (name, bytes) => {
      write(name, bytes);
      expect(await show({ images })).toMatchObject({ images, problems: expect.any(Array) });
    });
    await fc.assert(damage, { numRuns: 60 });
  });
});
