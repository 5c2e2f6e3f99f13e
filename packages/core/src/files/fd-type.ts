import { FdTypes } from '@criujs/images';

const names: ReadonlyMap<number, string> = new Map(Object.entries(FdTypes).map(([name, type]) => [type, name]));

/** CRIU's name of a kind of file: `REG`, `PIPE` …; a number that it does not have is `kind N`. */
export function fdTypeName(type: FdTypes): string {
  return names.get(type) ?? `kind ${type}`;
}
