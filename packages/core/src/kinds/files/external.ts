import { EngineError, type ExternalRecord, exact } from '@criujs/engine-kit';
import { deviceOf, kindOf, nobodyRestores, putBack, signalOwner, unrecorded } from '@criujs/engine-kit/externals';
import { type DumpedFile, fileId, type RecordedFile, retryLater } from '@criujs/plugin-sdk';
import { describeFile, isTerminal } from './describe.ts';
import type { DumpContext, FilePayload, OpenFile } from './dumping.ts';
import { fileTypes } from './file-type.ts';
import type { Problem, SeenFile, Tree } from './held.ts';
import type { FileKind } from './kind.ts';
import type { FileEntry, LoadContext } from './opening.ts';
import { nobody } from './owner.ts';
import { askFirst, keepDescriptor } from './plugin-descriptor.ts';
import { sdkHolder } from './plugin-holder.ts';

/** What helps with any file. */
export const loadPlugin = 'Load a plugin with a DUMP_EXT_FILE hook: --plugin NAME';

/** Whatever no other kind can dump: plugins are asked, once for each open file, and open it again at restore. */
export const external: FileKind = {
  name: 'external file',
  describe: [
    {
      subject: 'through plugins',
      taken: ['devices and any other open file, also each of those that are refused above (`DUMP_EXT_FILE`)'],
    },
  ],
  type: fileTypes.EXT,
  plugins: {
    hook: 'DUMP_EXT_FILE',
    question: (file, holders) => ({
      hook: 'DUMP_EXT_FILE',
      // Who gets its signals only a descriptor of our own could tell.
      args: { file: dumpedFile({ seen: file, holders, owner: nobody }) },
    }),
    unclaimed,
  },
  recognise: () => 'mine',
  dump: dumpExternal,
  matches: ({ type }) => type === fileTypes.EXT,
  // CRIU keeps no flags of it.
  common: ({ ext }) => ext && { flags: 0, fown: ext.fown },
  load: (context) => ({
    open: (entry) => openExternal(entry, context),
    afterFork: (entry, fd) => afterFork(entry, fd, context),
  }),
};

function unclaimed(file: SeenFile, tree: Tree, whyNot: string): Problem {
  return {
    file: describeFile(file, tree),
    why: `no kind of file in the engine takes it, and ${whyNot}`,
    remedy: `${otherWays(file)}${loadPlugin}.`,
  };
}

/** What helps without a plugin. */
function otherWays(file: SeenFile): string {
  if (isTerminal(file))
    return 'Start the program with its input and output redirected (setsid CMD </dev/null >LOG 2>&1). Or: ';
  if (file.link.startsWith('socket:')) return 'Let the program close the connection before the dump. Or: ';
  return '';
}

function dumpExternal(file: OpenFile, { session, tree, records }: DumpContext): FilePayload | null {
  const { id, seen, owner, fd } = file;
  const dumped = dumpedFile(file);
  const resource = `${seen.pid} (${seen.command}) descriptor ${seen.fd}: ${describeFile(seen, tree)}`;
  const answer = session.hooks.call('DUMP_EXT_FILE', { fd, id: fileId(id), file: dumped }, { resource });
  if (!answer.claimed) return null;
  records.externals.push({
    id,
    file: { ...dumped, provider: { name: answer.plugin, version: answer.version ?? null } },
  });
  return { ext: { id, fown: owner } };
}

function dumpedFile({ seen, holders, owner }: Pick<OpenFile, 'seen' | 'holders' | 'owner'>): DumpedFile {
  return {
    path: seen.link,
    kind: kindOf(seen.link, seen.stat),
    rdev: deviceOf(seen.stat),
    inode: exact(seen.stat.ino),
    flags: seen.flags,
    position: exact(BigInt.asUintN(64, seen.info.position)),
    owner: signalOwner(owner),
    holders: holders.map(sdkHolder),
  };
}

function openExternal(entry: FileEntry, { session, records }: LoadContext): number | 'later' {
  const record = recordOf(entry, records);
  const file = record?.file ?? unrecordedOf(entry);
  const resource = `file ${entry.id}${file.path === null ? '' : ` (${file.path})`}`;
  const how = { resource, ...askFirst(file.provider) };
  const answer = session.hooks.call('RESTORE_EXT_FILE', { id: fileId(entry.id), file }, how);
  if (!answer.claimed) throw nobodyRestores('RESTORE_EXT_FILE', resource, file.provider);
  if (answer.result === retryLater) return 'later';
  return keepDescriptor(answer.result, { plugin: answer.plugin, hook: 'RESTORE_EXT_FILE', resource }, session);
}

/** null: the images are CRIU's own. @throws EngineError IMAGE_INVALID when ours do not know the file */
function recordOf(entry: FileEntry, records: LoadContext['records']): ExternalRecord | null {
  if (records === null) return null;
  const record = records.externals.find((it) => it.id === entry.id);
  if (record !== undefined) return record;
  throw new EngineError('IMAGE_INVALID', `criujs.json does not know the external file ${entry.id} of files.img`);
}

/** What CRIU's images say about an external file, which is very little. */
function unrecordedOf({ ext }: FileEntry): RecordedFile {
  return ext?.fown === undefined ? unrecorded : { ...unrecorded, owner: signalOwner(ext.fown) };
}

/** Status flags and position, where the descriptor lets one set them. */
function afterFork(entry: FileEntry, fd: number, { session, records }: LoadContext): void {
  const file = recordOf(entry, records)?.file;
  if (file === undefined) return;
  for (const what of putBack(fd, file)) session.warn(`file ${entry.id} (${file.path}): ${what}`);
}
