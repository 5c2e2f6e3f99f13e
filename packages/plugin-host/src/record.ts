import type { CriuError, HookArgs, HookName, Outcome } from '@criujs/plugin-sdk';
import type { PluginHost, PluginInfo } from './contract.ts';
import type { HookAnswer } from './dispatch.ts';
import type { CallOptions } from './provider.ts';
import {
  encodeRecordLine,
  type RecordedCall,
  type RecordedPlugin,
  type RecordLine,
  recordedError,
  recordedResult,
  recordVersion,
} from './record-format.ts';
import type { SectionStore } from './section.ts';

/** Gets each line with its newline, in order. What it throws ends the call that was to be recorded. */
export type RecordSink = (line: string) => void;

/** Writes a record of what passes through the hosts and stores that it wraps. */
export interface Recorder {
  /** The same host, recorded. */
  host(host: PluginHost): PluginHost;
  /** The same store; parts that plugins read are recorded, so that a restore can be replayed without its images. */
  sections(store: SectionStore): SectionStore;
}

/** Larger parts of the image are not recorded. */
const largestPart = 256 * 1024;

/** Begins a record. It holds paths, names and parts of images: keep it as private as those. */
export function createRecorder(sink: RecordSink): Recorder {
  const write = (line: RecordLine): void => sink(encodeRecordLine(line));
  write({ event: 'record', format: 'criujs-record', version: recordVersion });
  return { host: (host) => recordHost(host, write), sections: (store) => recordReads(store, write) };
}

/** Records all calls of a host and their answers; {@link createRecorder} does so with parts of the image, too. */
export function recordCalls(host: PluginHost, sink: RecordSink): PluginHost {
  return createRecorder(sink).host(host);
}

type Write = (line: RecordLine) => void;

function recordHost(host: PluginHost, write: Write): PluginHost {
  let calls = 0;
  let finished = false;
  write({ event: 'host', plugins: host.plugins.map(recordedPlugin) });
  return {
    plugins: host.plugins,
    serves: (hook) => host.serves(hook),
    async start(stage) {
      finished = false;
      try {
        await host.start(stage);
      } catch (error) {
        write({ event: 'start', stage, error: recordedError(error as CriuError) });
        throw error;
      }
      write({ event: 'start', stage });
    },
    async call(hook, args, how = {}) {
      calls += 1;
      const n = calls;
      write(recordedCall(n, hook, args, how));
      const begun = performance.now();
      const answered = (): { event: 'answer'; n: number; ms: number } => ({
        event: 'answer',
        n,
        ms: Number((performance.now() - begun).toFixed(3)),
      });
      try {
        const answer = await host.call(hook, args, how);
        write({ ...answered(), ...claimOf(hook, answer) });
        return answer;
      } catch (error) {
        write({ ...answered(), error: recordedError(error as CriuError) });
        throw error;
      }
    },
    record: (took) => host.record(took),
    seal: () => host.seal(),
    settle: () => host.settle(),
    async finish(outcome: Outcome) {
      const errors = await host.finish(outcome);
      if (finished) return errors;
      finished = true;
      const failure = outcome.ok ? {} : { error: recordedError(outcome.error) };
      write({ event: 'finish', ...failure, exitErrors: errors.map(recordedError) });
      return errors;
    },
  };
}

function recordedPlugin({ name, version, hooks }: PluginInfo): RecordedPlugin {
  return version === undefined ? { name, hooks } : { name, version, hooks };
}

function recordedCall<N extends HookName>(n: number, hook: N, args: HookArgs<N>, how: CallOptions): RecordedCall {
  const { provider, providerVersion, resource, batch } = how;
  const call = {
    event: 'call',
    n,
    hook,
    args,
    ...(provider === undefined ? {} : { provider }),
    ...(providerVersion === undefined ? {} : { providerVersion }),
    ...(resource === undefined ? {} : { resource }),
    ...(batch === undefined ? {} : { batch }),
  };
  return call as unknown as RecordedCall;
}

function claimOf<N extends HookName>(hook: N, answer: HookAnswer<N>): object {
  if (!answer.claimed) return {};
  const { plugin, version, result } = answer;
  return { plugin, ...(version === undefined ? {} : { version }), result: recordedResult(hook, result) };
}

function recordReads(store: SectionStore, write: Write): SectionStore {
  // What a plugin wrote itself in this run needs no record: it will write it again.
  const known = new Set<string>();
  const isNews = (plugin: string, name: string): boolean => {
    const key = `${plugin}/${name}`;
    return !known.has(key) && known.add(key) !== undefined;
  };
  return {
    async write(plugin, name, data) {
      known.add(`${plugin}/${name}`);
      await store.write(plugin, name, data);
    },
    async read(plugin, name) {
      const bytes = await store.read(plugin, name);
      if (isNews(plugin, name)) write({ event: 'part', plugin, name, ...payload(bytes) });
      return bytes;
    },
    async *stream(plugin, name) {
      const kept: Uint8Array[] = [];
      let length = 0;
      for await (const chunk of store.stream(plugin, name)) {
        length += chunk.byteLength;
        // A copy: the reader may reuse the buffer.
        if (length <= largestPart) kept.push(chunk.slice());
        yield chunk;
      }
      if (!isNews(plugin, name)) return;
      write({ event: 'part', plugin, name, ...(length > largestPart ? {} : payload(Buffer.concat(kept))) });
    },
    names: (plugin) => store.names(plugin),
    // What is read and written there past the host is in no record.
    ...(store.directories && { directories: store.directories.bind(store) }),
  };
}

function payload(bytes: Uint8Array): { base64?: string } {
  if (bytes.byteLength > largestPart) return {};
  return { base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') };
}
