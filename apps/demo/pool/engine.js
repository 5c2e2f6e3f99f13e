// An engine of a few lines: it saves what an application holds open, and opens it again. What to do with a file or a
// connection it leaves to plugins, the same that criujs takes, called by the same host.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPluginHost } from '@criujs/plugin-host';
import { fileId, pid, retryLater, socketInode } from '@criujs/plugin-sdk';

/** @typedef {{ kind: 'file' | 'connection', name: string, fd: number, known: object }} Resource `known`: what the hooks are told of it */
/** @typedef {{ plugins: (string | import('@criujs/plugin-sdk').Plugin)[], images: string, onLog?: (entry: import('@criujs/plugin-host').LogEntry) => void }} Settings */

/** Which hooks a kind of resource goes through. Ids are ours to give: those of one checkpoint must differ. */
const kinds = {
  file: {
    dump: (host, id, fd, file) => host.call('DUMP_EXT_FILE', { id: fileId(id), fd, file }),
    restore: (host, { id, known, provider }, how) =>
      host.call('RESTORE_EXT_FILE', { id: fileId(id), file: { ...known, provider } }, how),
  },
  connection: {
    dump: (host, id, fd, socket) => host.call('DUMP_UNIX_SK', { inode: socketInode(id), fd, socket }),
    restore: (host, { id, known }, how) => host.call('RESTORE_UNIX_SK', { inode: socketInode(id), socket: known }, how),
  },
};

/** Written last: a directory without it is no checkpoint. */
const inventory = 'pool.json';

/**
 * Saves resources of this process into a new directory. When it fails, nothing is left behind, and all goes on.
 * @param {Settings & { resources: Resource[], state: unknown }} settings
 */
export async function dump({ resources, state, ...settings }) {
  await mkdir(settings.images, { mode: 0o700 });
  try {
    return await inRun('dump', settings, async (host) => {
      const rows = [];
      for (const [index, { kind, name, fd, known }] of resources.entries()) {
        const id = index + 1;
        const seen = { ...known, holders: [{ pid: pid(process.pid), fd }] };
        const answer = await kinds[kind].dump(host, id, fd, seen);
        if (!answer.claimed) throw refusal(`no plugin takes ${name}`, `Load one with a hook for a ${kind}.`);
        const provider = { name: answer.plugin, version: answer.version ?? null };
        rows.push({ kind, name, id, known: seen, provider });
      }
      await host.seal();
      await writeFile(join(settings.images, 'pool.tmp'), JSON.stringify({ state, rows }));
      await rename(join(settings.images, 'pool.tmp'), join(settings.images, inventory));
      return rows;
    });
  } catch (error) {
    await rm(settings.images, { recursive: true });
    throw error;
  }
}

/**
 * Opens everything again, and hands it to whoever takes it over: `launch` gets the descriptors, by the resources' names, and
 * duplicates those that it keeps (spawn does). Afterwards ours are closed.
 * @param {Settings & { launch: (state: any, opened: { name: string, fd: number, known: any }[]) => Promise<any> }} settings
 */
export async function restore({ launch, ...settings }) {
  const { state, rows } = JSON.parse(await readFile(join(settings.images, inventory), 'utf8'));
  return inRun('restore', settings, async (host) => {
    const opened = [];
    try {
      await host.call('RESTORE_INIT', {});
      for (let waiting = rows; waiting.length > 0; ) waiting = await openSome(host, waiting, opened);
      await host.settle();
      opened.sort((a, b) => a.id - b.id);
      return await launch(state, opened);
    } finally {
      for (const { close } of opened) await close();
    }
  });
}

/** Opens what can be opened now, and gives what must wait for that. */
async function openSome(host, rows, opened) {
  const later = [];
  for (const row of rows) {
    const { kind, name, id, known, provider } = row;
    const how = { provider: provider.name, providerVersion: provider.version, resource: name };
    const answer = await kinds[kind].restore(host, row, how);
    if (!answer.claimed) throw refusal(`no plugin opens ${name}`, `Load ${provider.name} again.`);
    if (answer.result === retryLater) later.push(row);
    else opened.push({ id, name, known, fd: answer.result.fd, close: answer.result.close });
  }
  if (later.length === rows.length) {
    throw refusal(`${later.map((it) => it.name).join(', ')}: each waits for another`, 'Ask the author of the plugin.');
  }
  return later;
}

/** One run of the host: whatever happens, plugins are told how it ended. */
async function inRun(stage, { plugins, images, onLog }, body) {
  const host = await createPluginHost({ plugins, images, onLog });
  await host.start(stage);
  const told = async (outcome) => {
    for (const it of await host.finish(outcome))
      onLog?.({ plugin: it.plugin, hook: 'exit', level: 'warn', message: it.message });
  };
  try {
    const result = await body(host);
    await told({ ok: true });
    return result;
  } catch (error) {
    await told({ ok: false, error });
    throw error;
  }
}

function refusal(message, remedy) {
  return Object.assign(new Error(message), { code: 'UNSUPPORTED', remedy });
}
