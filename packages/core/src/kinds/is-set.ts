/**
 * Whether an image says anything of a field that may be left out: the default of one that is not there lies behind the message.
 * Needs no schema, so that a plan, which reads the tables of kinds, does not load any.
 */
export function isSet<T extends object>(message: T, field: keyof T & string): boolean {
  return Object.hasOwn(message, field);
}
