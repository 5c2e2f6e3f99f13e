/** Subjects of the README's table of what can be dumped, in its order. */
export const subjects = [
  'processes',
  'memory',
  'processor',
  'signals',
  'timers',
  'files',
  'pipes and events',
  'sockets',
  'rights and limits',
  'through plugins',
] as const;

export type Subject = (typeof subjects)[number];

/** A part of a row of the README's table: what the engine does with one thing, in a few words of Markdown each. */
export interface Description {
  readonly subject: Subject;
  /** What comes back at a restore. */
  readonly taken?: readonly string[];
  /** What is refused for now, before anything is changed. */
  readonly refused?: readonly string[];
}
