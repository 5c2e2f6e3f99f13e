import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { dump } from '@criujs/core';
import { describe, expect } from 'vitest';
import { criujsCommand, criujsFails } from './harness/engines.ts';
import { criuMissing, isRoot } from './harness/machine.ts';
import { test as base } from './harness/place.ts';
import { shCounter } from './harness/programs.ts';
import { measured } from './harness/usage.ts';

/** A dump of a small program, one for the file of tests; each test changes a copy. */
const test = base.extend<{ copy: () => string }>({
  copy: async ({ place }, use) => {
    const target = await place.start(shCounter);
    const whole = place.fresh('whole');
    await dump({ pid: target.pid, images: whole, leaveRunning: true });
    await use(() => {
      const images = place.fresh('images');
      cpSync(whole, images, { recursive: true });
      return images;
    });
  },
});

/** What may lie in an image's place, how it comes there, and what it is called. */
const intruders: Readonly<Record<string, { put(path: string): void | Promise<void>; what: RegExp }>> = {
  fifo: { put: (path) => void execFileSync('mkfifo', [path]), what: /FIFO/ },
  socket: { put: putSocket, what: /socket/ },
  folder: { put: (path) => void mkdirSync(path), what: /folder/ },
  link: { put: (path) => symlinkSync('/etc/hostname', path), what: /symbolic link/ },
  ...(isRoot
    ? { device: { put: (path: string) => void execFileSync('mknod', [path, 'c', '1', '5']), what: /character device/ } }
    : {}),
};

async function putSocket(path: string): Promise<void> {
  // The name is removed when a server closes: it is moved away before.
  const server = createServer();
  await new Promise<void>((done) => server.listen(`${path}.s`, done));
  execFileSync('mv', [`${path}.s`, path]);
  await new Promise((done) => server.close(done));
}

const families = ['inventory', 'pstree', 'core', 'mm', 'files', 'fdinfo', 'pagemap', 'pages', 'criujs'];

function nameIn(images: string, family: string): string {
  const name = readdirSync(images).find((it) => it.split(/[-.]/)[0] === family && !it.endsWith('.part'));
  if (name === undefined) throw new Error(`no ${family} in ${images}`);
  return name;
}

describe('what is no regular file', () => {
  for (const [kind, { put, what }] of Object.entries(intruders)) {
    test(`a ${kind} in the place of each image is named and waited for by nobody`, async ({ copy }) => {
      for (const family of families) {
        const images = copy();
        const name = nameIn(images, family);
        rmSync(join(images, name), { recursive: true });
        await put(join(images, name));
        const failure = await criujsFails(['restore', '-D', images, '--new-pids', '--detach']);
        expect(failure, name).toMatchObject({
          code: 'IMAGE_INVALID',
          exitCode: 5,
          message: expect.stringContaining(name),
          remedy: expect.stringMatching(/./),
        });
        expect(failure.message).toMatch(what);
        const shown = await criujsCommand(['show', images, '--json']);
        // It looks at no page.
        if (family !== 'pages') expect(shown, name).toMatchObject({ code: 5, stdout: expect.stringContaining(name) });
      }
    });

    test.skipIf(criuMissing() !== null)(
      `a ${kind} in the place of criujs.json, with CRIU's engine`,
      async ({ copy }) => {
        const images = copy();
        rmSync(join(images, 'criujs.json'));
        await put(join(images, 'criujs.json'));
        const failure = await criujsFails(['restore', '-D', images, '--detach', '--engine', 'criu']);
        expect(failure).toMatchObject({ code: 'IMAGE_INVALID', exitCode: 5 });
      },
    );
  }
});

describe('sizes', () => {
  const tooLarge: readonly (readonly [family: string, what: string, make: (path: string) => void])[] = [
    ['core', '1.9 GB', (path) => truncateSync(path, 1_900_000_000)],
    ['inventory', '1.9 GB', (path) => truncateSync(path, 1_900_000_000)],
    ['files', '1.9 GB', (path) => truncateSync(path, 1_900_000_000)],
    ['criujs', '140 MB', (path) => writeFileSync(path, Buffer.alloc(140_000_000, ' '))],
    ['criujs', '200,000 levels', (path) => writeFileSync(path, '['.repeat(200_000) + ']'.repeat(200_000))],
    ['criujs', 'many values', (path) => writeFileSync(path, `[${'{},'.repeat(10_000_000)}1]`)],
  ];
  const commands = [
    ['restore', ['restore', '--new-pids', '--detach', '-D']],
    ...(criuMissing() === null
      ? [['restore with CRIU', ['restore', '--detach', '--engine', 'criu', '-D']] as const]
      : []),
  ] as const;

  for (const [family, what, make] of tooLarge) {
    test(`${what} in ${family}: refused by name, at once, in little memory`, async ({ copy, place }) => {
      const nothing = place.fresh('nothing');
      const { cpuMs: idle } = await measured(['restore', '-D', nothing]);
      expect(existsSync(nothing)).toBe(false);
      const images = copy();
      const name = nameIn(images, family);
      make(join(images, name));
      for (const [how, args] of commands) {
        // CRIU reads images of its own by itself.
        if (how !== 'restore' && family !== 'criujs') continue;
        const { code, message, exitCode, remedy, cpuMs, mostMiB } = await measured([...args, images]);
        expect({ code, exitCode }, `${how}: ${message}`).toEqual({ code: 'IMAGE_INVALID', exitCode: 5 });
        expect(message).toContain(name);
        expect(remedy).toMatch(/./);
        expect(mostMiB, how).toBeLessThan(200);
        // Its cost does not grow with what follows; a busy machine makes time of the processor longer, too.
        expect(cpuMs - idle, how).toBeLessThan(5000);
      }
    });
  }
});
