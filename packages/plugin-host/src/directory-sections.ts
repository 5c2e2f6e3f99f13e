import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { HostError } from './errors.ts';
import { checkName, type SectionStore } from './section.ts';

export interface DirectorySectionsOptions {
  /** The most bytes that `read` gives at once; default 64 MiB. Larger parts are streamed. */
  readonly limit?: number | undefined;
}

/** Windows has neither flag. */
const { O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY, O_WRONLY, O_CREAT, O_EXCL } = constants;
const chunkSize = 256 * 1024;

/**
 * Keeps parts as files `DIR/criujs/PLUGIN/NAME`, readable by their owner only. Nothing leads out of the directory: a
 * symbolic link in it is refused, not followed. The directory itself may be one.
 */
export function directorySections(
  imageDirectory: string,
  options: DirectorySectionsOptions = {},
): Required<SectionStore> {
  const limit = options.limit ?? 64 * 1024 * 1024;
  return {
    async write(plugin, name, data) {
      const folder = await makeFolder(imageDirectory, plugin);
      await writeWhole(folder, safe(name), data);
    },
    async read(plugin, name) {
      const file = await openPart(imageDirectory, plugin, safe(name));
      try {
        return await readBounded(file, name, limit);
      } finally {
        await file.close();
      }
    },
    async *stream(plugin, name) {
      const file = await openPart(imageDirectory, plugin, safe(name));
      try {
        yield* chunks(file);
      } finally {
        await file.close();
      }
    },
    async names(plugin) {
      const folder = await findFolder(imageDirectory, plugin);
      const entries = folder === undefined ? [] : await readdir(folder, { withFileTypes: true });
      // A leading dot: a part that is being written.
      return entries
        .filter((it) => it.isFile() && !it.name.startsWith('.'))
        .map((it) => it.name)
        .sort();
    },
    async directories(plugin, make) {
      const own = await (make ? makeFolder : findFolder)(resolve(imageDirectory), plugin);
      return { own: own ?? null, images: resolve(imageDirectory) };
    },
  };
}

function safe(name: string): string {
  checkName(name);
  return name;
}

/** Both folders on the way to a part; neither may be a link. */
function foldersOf(imageDirectory: string, plugin: string): readonly [string, string] {
  checkName(plugin);
  return [join(imageDirectory, 'criujs'), join(imageDirectory, 'criujs', plugin)];
}

async function makeFolder(imageDirectory: string, plugin: string): Promise<string> {
  const folders = foldersOf(imageDirectory, plugin);
  for (const folder of folders) {
    await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await isRealFolder(folder);
  }
  return folders[1];
}

async function findFolder(imageDirectory: string, plugin: string): Promise<string | undefined> {
  const folders = foldersOf(imageDirectory, plugin);
  for (const folder of folders) {
    if (!(await isRealFolder(folder))) return undefined;
  }
  return folders[1];
}

/** false: there is nothing. */
async function isRealFolder(path: string): Promise<boolean> {
  const stat = await lstat(path).catch(ignoreMissing);
  if (stat === undefined) return false;
  if (!stat.isDirectory()) throw unsafe(path, 'a folder');
  return true;
}

async function openPart(imageDirectory: string, plugin: string, name: string): Promise<FileHandle> {
  const folder = await findFolder(imageDirectory, plugin);
  if (folder === undefined) throw missing(plugin, name);
  const path = join(folder, name);
  // Without O_NONBLOCK a fifo of that name would hold us until somebody writes.
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw missing(plugin, name);
    if (error.code === 'ELOOP') throw unsafe(path, 'a file');
    throw error;
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw unsafe(path, 'a file');
}

async function readBounded(file: FileHandle, name: string, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  // Counted while reading: the size that stat gives may grow.
  for await (const part of chunks(file)) {
    length += part.byteLength;
    if (length > limit) {
      throw new HostError('SECTION_TOO_LARGE', `${name} has more than ${limit} bytes`, {
        remedy: 'Read it with stream.',
      });
    }
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts, length));
}

async function* chunks(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { bytesRead, buffer } = await file.read(new Uint8Array(chunkSize), 0, chunkSize, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

async function writeWhole(folder: string, name: string, data: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = join(folder, `.${name}.${randomBytes(6).toString('hex')}`);
  const file = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    for await (const part of ArrayBuffer.isView(data) ? [data] : data) await file.writeFile(bytesOf(part));
    await file.close();
    await rename(temporary, join(folder, name));
  } catch (error) {
    await file.close().catch(() => undefined);
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

function bytesOf(part: unknown): Uint8Array {
  if (part instanceof Uint8Array) return part;
  throw new TypeError('a part of the image is written from a Uint8Array or an async iterable of them');
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function missing(plugin: string, name: string): HostError {
  return new HostError('SECTION_MISSING', `the image has no ${name} of plugin ${plugin}`, {
    plugin,
    remedy: 'Write it at the dump, or ask names() first.',
  });
}

function unsafe(path: string, expected: string): HostError {
  return new HostError('SECTION_UNSAFE', `${path} is not ${expected}; it may be a link that leads elsewhere`, {
    remedy: 'Do not restore from this directory unless you know who made it.',
  });
}
