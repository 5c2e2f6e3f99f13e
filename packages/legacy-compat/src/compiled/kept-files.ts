import {
  linkSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { type ImageDirectories, type ImageSection, PluginError, type Stage } from '@criujs/plugin-sdk';

/**
 * What a compiled plugin keeps in the images. It names files as it likes, and so at a dump `criu_get_image_dir()` is a
 * directory of its own: it comes into the way of no image, nor of another plugin's files, and a dump that fails takes them along.
 * Once the dump is whole, each file has a second name in the image directory, where CRIU would have let it be written.
 */
export interface KeptFiles {
  /** Where `criu_get_image_dir()` leads; null: the images are in a store. */
  readonly directory: string | null;
  /** The image directory itself. */
  readonly images: string | null;
  /** What `add_inventory_plugin` was told at the dump. */
  readonly needs: readonly string[];
  /** After a call: if anything is kept by now, it comes to its place, and an older dump is replaced by it. */
  settle(image: ImageSection): Promise<void>;
  /** The run is over; `needs`: what the plugin told `add_inventory_plugin`. Gives warnings. */
  finish(image: ImageSection, ok: boolean, needs: readonly string[]): Promise<readonly string[]>;
}

/** Beside the plugin's files; with a leading dot, so that it is not listed as a part. */
const needsName = '.inventory';
/** Some hundred names. */
const mostBytes = 64 * 1024;

/** @throws PluginError SECTION_UNSAFE: among the files to read back there is a link */
export async function openKept(image: ImageSection, stage: Stage): Promise<KeptFiles> {
  const directories = await image.directories();
  if (directories === null) return fixed({ directory: null, images: null, needs: [] });
  return stage === 'restore' ? openToRead(directories) : openToWrite(directories);
}

function fixed(it: Pick<KeptFiles, 'directory' | 'images' | 'needs'>): KeptFiles {
  return { ...it, settle: async () => undefined, finish: async () => [] };
}

/** Images of CRIU have no directory for the plugin alone: there it wrote among them. */
function openToRead({ own, images }: ImageDirectories): KeptFiles {
  if (own === null) return fixed({ directory: images, images, needs: [] });
  refuseLinks(own);
  return fixed({ directory: own, images, needs: readNeeds(own) });
}

/** The plugin would follow them. */
function refuseLinks(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isFile() || entry.isDirectory()) continue;
    const path = join(directory, entry.name);
    throw new PluginError(`${path} is neither a file nor a directory, perhaps a link that leads elsewhere`, {
      code: 'SECTION_UNSAFE',
      remedy: 'Do not restore from this directory unless you know who made it.',
    });
  }
}

function readNeeds(own: string): string[] {
  const path = join(own, needsName);
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.size > mostBytes) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((name) => name !== '');
}

/**
 * A plugin may open the directory in its init, when nobody knows yet whether there will be a dump. So it begins beside its place,
 * and comes there once there is something in it: a descriptor goes along. The image directory gets another path with the commit,
 * so it
 * is asked for anew each time.
 */
function openToWrite({ images: first }: ImageDirectories): KeptFiles {
  const draft = mkdtempSync(join(first, '.criujs-'));
  let isSettled = false;
  /** The image directory now, and where the plugin's files are in it. */
  const places = async (image: ImageSection): Promise<{ images: string; files: string }> => {
    const { images, own } = (await image.directories()) ?? { images: first, own: null };
    return { images, files: isSettled && own !== null ? own : join(images, basename(draft)) };
  };
  const settle = async (image: ImageSection): Promise<void> => {
    const { files } = await places(image);
    if (isSettled || readdirSync(files).length === 0) return;
    const own = (await image.directories({ make: true }))?.own ?? null;
    if (own === null) return;
    // What an older dump left there is not this one's.
    rmSync(own, { recursive: true });
    renameSync(files, own);
    isSettled = true;
  };
  return {
    directory: draft,
    images: first,
    needs: [],
    settle,
    async finish(image, ok, needs) {
      try {
        if (ok && needs.length > 0) writeNeeds((await places(image)).files, needs);
        if (ok) await settle(image);
      } finally {
        // Also where an exit that hangs has lost its right to write.
        if (!isSettled) rmSync((await places(image)).files, { recursive: true, force: true });
      }
      const { images, files } = await places(image);
      return isSettled && ok ? publish(files, images) : [];
    },
  };
}

function writeNeeds(directory: string, needs: readonly string[]): void {
  const path = join(directory, needsName);
  // A plugin may have put anything there.
  rmSync(path, { recursive: true, force: true });
  writeFileSync(path, needs.map((name) => `${name}\n`).join(''), { mode: 0o600, flag: 'wx' });
}

function publish(own: string, images: string): string[] {
  const names = readdirSync(own).filter((name) => name !== needsName);
  return names.flatMap((name) => {
    try {
      linkSync(join(own, name), join(images, name));
      return [];
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return [`${join(images, name)} cannot be made (${code}): CRIU would miss it; criujs finds it in ${own}`];
    }
  });
}
