import type { ProjectRecord } from '../answers.ts';
import type { Tree } from './tree.ts';

/** Brings projects of the template before it to template `to`. */
export interface Migration {
  readonly to: number;
  /** For the one who updates: what is new. */
  readonly title: string;
  /**
   * Changes what it recognises and leaves what the author has made their own. Answers with what remains to be done by
   * hand, one sentence each. It holds its own texts: those of the present template go on changing.
   */
  readonly migrate: (tree: Tree, record: ProjectRecord) => readonly string[];
}
