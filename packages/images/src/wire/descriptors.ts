import type { DescEnum, DescField, DescFile, DescMessage, JsonValue, Message } from '@bufbuild/protobuf';
import {
  enumDesc as buildEnum,
  fileDesc as buildFile,
  messageDesc as buildMessage,
  type GenEnum,
  type GenFile,
  type GenMessage,
} from '@bufbuild/protobuf/codegenv2';
import { layoutOf } from './layout.ts';

// What the generated code calls. The protobuf runtime would build each descriptor when it is loaded, with those of all files that it
// refers to; the codec needs none of them (layout.ts). So they are built when somebody looks into one.

/** What is known of a thing before it is built. */
type Known<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Stands for a descriptor: what is known is answered at once, for anything else it is built. */
function lazy<T extends object>(known: Known<T>, build: () => T): T {
  let built: T | undefined;
  const whole = (): T => {
    built ??= build();
    return built;
  };
  return new Proxy(known as T, {
    get: (target, key) => (Object.hasOwn(target, key) ? target[key as keyof T] : Reflect.get(whole(), key)),
    has: (target, key) => Object.hasOwn(target, key) || Reflect.has(whole(), key),
    getPrototypeOf: () => Reflect.getPrototypeOf(whole()),
    ownKeys: () => Reflect.ownKeys(whole()),
    getOwnPropertyDescriptor(_, key) {
      const found = Reflect.getOwnPropertyDescriptor(whole(), key);
      return found && { ...found, configurable: true };
    },
  });
}

/** A file of the schema. */
export function fileDesc(base64: string, imports: DescFile[] = []): GenFile {
  return lazy<GenFile>({ kind: 'file' }, () => buildFile(base64, imports));
}

/** A message of a file. */
export function messageDesc<Shape extends Message, Opt extends { jsonType?: unknown; validType?: unknown }>(
  typeName: string,
  file: DescFile,
  path: number,
  ...paths: number[]
): GenMessage<Shape, Opt> {
  const build = (): DescMessage => buildMessage(file, path, ...paths);
  const known: Known<DescMessage> = { kind: 'message', typeName, field: lazyFields(typeName, build) };
  return lazy(known, build) as GenMessage<Shape, Opt>;
}

/** The fields of a message by name. Whether one is set can be told from the names alone. */
function lazyFields(typeName: string, build: () => DescMessage): DescMessage['field'] {
  const whole = (): DescMessage['field'] => build().field;
  const parent = { typeName } as DescMessage;
  return new Proxy(
    {},
    {
      get(_, key) {
        if (layoutOf(typeName)?.sorted.every((field) => field.key !== key) ?? true) return undefined;
        const known: Known<DescField> = { kind: 'field', localName: String(key), parent };
        return lazy<DescField>(known, () => whole()[String(key)] as DescField);
      },
      has: (_, key) => Reflect.has(whole(), key),
      ownKeys: () => Reflect.ownKeys(whole()),
      getOwnPropertyDescriptor(_, key) {
        const found = Reflect.getOwnPropertyDescriptor(whole(), key);
        return found && { ...found, configurable: true };
      },
    },
  );
}

/** An enum of a file or of a message. */
export function enumDesc<Shape extends number, Json extends JsonValue = JsonValue>(
  file: DescFile,
  path: number,
  ...paths: number[]
): GenEnum<Shape, Json> {
  return lazy<DescEnum>({ kind: 'enum' }, () => buildEnum(file, path, ...paths)) as GenEnum<Shape, Json>;
}
