import type { Context, ImageSection, LogDetails, Logger, LogLevel, Stage } from '@criujs/plugin-sdk';
import type { CallScope } from './invocation.ts';
import { createSection, type SectionStore } from './section.ts';
import { runAsNobody } from './watch.ts';

/** One message of a plugin. */
export interface LogEntry {
  readonly plugin: string;
  /** A hook's name, or `init`, `exit`. */
  readonly hook: string;
  readonly resource?: string | undefined;
  readonly level: LogLevel;
  readonly message: string;
  readonly details?: LogDetails | undefined;
}

/** What a context is made of. */
export interface ContextParts {
  readonly plugin: string;
  readonly hook: string;
  readonly resource?: string | undefined;
  readonly stage: Stage;
  readonly options: unknown;
  readonly scope: CallScope;
  /** The version of the plugin's part of the images. */
  readonly imageVersion: number;
  readonly sections: SectionStore | undefined;
  /** Notes that the images need this plugin. */
  readonly onRequire: () => void;
  readonly onLog: ((entry: LogEntry) => void) | undefined;
}

/** What a plugin gets for one call. */
export function createContext(parts: ContextParts): Context<never> {
  const { stage, options, scope, plugin, imageVersion, sections } = parts;
  let image: ImageSection | undefined;
  return Object.freeze({
    stage,
    options: options as never,
    get signal() {
      return scope.signal();
    },
    log: logger(parts),
    get image() {
      // Most calls need none.
      if (image === undefined && stage !== 'restore' && sections !== undefined) scope.tookImage();
      image ??= createSection({
        store: sections,
        plugin,
        version: imageVersion,
        writes: stage !== 'restore',
        guard: scope.write,
        touch: scope.usedImage,
      });
      return image;
    },
    require: () => parts.onRequire(),
  });
}

function logger({ plugin, hook, resource, onLog }: ContextParts): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, details?: LogDetails): void => {
      runAsNobody(() => onLog?.({ plugin, hook, resource, level, message: String(message), details }));
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
