import type { KindId, Licence, PackageManager } from '../answers.ts';

/** What the questions ask for, one field a question. */
export interface Choices {
  /** As typed: relative to the current directory. */
  readonly folder: string;
  readonly name: string;
  readonly description: string;
  readonly handles: readonly KindId[];
  /** A path; empty: there is nothing to ask about. */
  readonly device: string;
  readonly options: boolean;
  readonly packageManager: PackageManager;
  readonly licence: Licence;
  readonly git: boolean;
  readonly ci: boolean;
  readonly install: boolean;
}

export type QuestionId = keyof Choices;

/** What is known so far: the flags, and the answers to the questions before. */
export type Known = Partial<Choices>;
