import type { QuestionId } from '../questions/choices.ts';
import type { FlagValue } from '../questions/read-value.ts';

/** What the user asked for on the command line, not yet checked. */
export interface Request {
  /** Answers by flags. */
  readonly given: ReadonlyMap<QuestionId, FlagValue>;
  /** Words beyond the folder, which make no sense. */
  readonly extra: readonly string[];
  /** An existing plugin's file. */
  readonly from: string | null;
  /** Whether hooks of it may be missing. */
  readonly partial: boolean;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
}

/** What `create-criu-plugin update` is asked for. */
export interface UpdateRequest {
  readonly folder: string;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
}

export type Invocation =
  | { readonly command: 'help' }
  | { readonly command: 'version' }
  | { readonly command: 'create'; readonly request: Request }
  | { readonly command: 'update'; readonly request: UpdateRequest };
