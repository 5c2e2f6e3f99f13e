// Code in this file uses syntax instead of methods: it runs while these may be anything.

/**
 * Global objects and functions without which the host, Node and other plugins do not work. Few, since each call looks at all of them;
 * methods of `console` and of modules are nobody's concern.
 */
const watchedGlobals = [
  ...[
    'Object',
    'Function',
    'Array',
    'String',
    'RegExp',
    'Promise',
    'Map',
    'Set',
    'WeakMap',
    'Reflect',
    'JSON',
    'Error',
  ],
  ...['Symbol', 'Number', 'BigInt', 'Buffer', 'AbortController', 'process', 'queueMicrotask', 'structuredClone'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate'],
] as const;

/** Of these only what they are called for, not what their objects can do. */
const staticsOnly: ReadonlySet<string> = new Set(['Buffer', 'Number', 'BigInt', 'Symbol', 'AbortController']);

/**
 * Of `process`. The functions that end it are guarded elsewhere; libraries that many use replace `emit`, `emitWarning` and `cwd`, and go on
 * calling what was there (signal-exit, source-map-support, tsx, graceful-fs).
 */
const watchedOfProcess = ['nextTick', 'on', 'once', 'off'] as const;

/** What translators of code replace to show stacks in its terms. https://v8.dev/docs/stack-trace-api */
const ofTranslators: PropertyKey = 'prepareStackTrace';

type Owner = Record<PropertyKey, unknown>;

/** A property of a built-in object. */
interface Property {
  readonly owner: Owner;
  readonly key: PropertyKey;
  readonly name: string;
  value: unknown;
}

const { defineProperty, getOwnPropertyDescriptor } = Object;
const { ownKeys, deleteProperty } = Reflect;

const properties: readonly Property[] = find();
/** Everything inherits these. */
const ofEverything: ReadonlySet<PropertyKey> = new Set(ownKeys(Object.prototype));
const isKnown = (key: PropertyKey): boolean => setHas(ofEverything, key);
const setHas: (set: ReadonlySet<PropertyKey>, key: PropertyKey) => boolean = Function.prototype.call.bind(
  Set.prototype.has,
);

/** Calls of plugins that are waited for: while there are any, nobody else is known to have changed something. */
let inside = 0;

/** Code of a plugin begins to run: what somebody else has replaced by now is not its deed. Call {@link leavePlugin} once after it. */
export function enterPlugin(): void {
  inside += 1;
  if (inside > 1) return;
  for (let at = 0; at < properties.length; at++) {
    const it = properties[at] as Property;
    it.value = read(it);
  }
}

/** It runs no more. */
export function leavePlugin(): void {
  inside -= 1;
}

/** Puts back what code of a plugin has replaced, and gives the name of one such; null: it has replaced nothing. */
export function putBackBuiltIns(): string | null {
  let first: string | null = null;
  for (let at = 0; at < properties.length; at++) {
    const it = properties[at] as Property;
    if (read(it) === it.value) continue;
    first ??= it.name;
    putBack(it);
  }
  const now = ownKeys(Object.prototype);
  for (let at = 0; at < now.length; at++) {
    const key = now[at] as PropertyKey;
    if (isKnown(key)) continue;
    first ??= `Object.prototype.${typeof key === 'symbol' ? 'a symbol' : key}`;
    deleteProperty(Object.prototype, key);
  }
  return first;
}

/** Where a getter took its place, that is the plugin's code. */
function read({ owner, key }: Property): unknown {
  try {
    return owner[key];
  } catch {
    return undefined;
  }
}

function putBack({ owner, key, value }: Property): void {
  try {
    defineProperty(owner, key, { value, writable: true, configurable: true });
  } catch {
    // It was made final; the error that names the plugin is all there is to give.
  }
}

function find(): Property[] {
  const found: Property[] = [];
  const note = (owner: object, key: PropertyKey, name: string): void => {
    if (key === ofTranslators) return;
    const property = getOwnPropertyDescriptor(owner, key);
    if (property === undefined || !('value' in property) || !property.writable || !property.configurable) return;
    if (typeof property.value !== 'function' && owner !== globalThis) return;
    found.push({ owner: owner as Owner, key, name, value: property.value });
  };
  for (const name of watchedGlobals) {
    const holder = (globalThis as unknown as Record<string, unknown>)[name];
    if (name !== 'process') note(globalThis, name, name);
    if (typeof holder !== 'function' && typeof holder !== 'object') continue;
    const { prototype } = holder as { prototype?: object };
    const owners = [
      [holder as object, name],
      [staticsOnly.has(name) ? undefined : prototype, `${name}.prototype`],
    ] as const;
    const keys = name === 'process' ? () => watchedOfProcess : (owner: object) => ownKeys(owner);
    for (const [owner, path] of owners) {
      if (owner === undefined || owner === null) continue;
      for (const key of keys(owner))
        note(owner, key, `${path}.${typeof key === 'symbol' ? `[${key.description}]` : String(key)}`);
    }
  }
  return found;
}
