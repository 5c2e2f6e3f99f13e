import * as v from 'valibot';

/**
 * What a user may set: `--plugin-option radio.KEY=VALUE`, or `pluginOptions` in a configuration. It is checked before a run
 * begins, and a mistake is reported with its path.
 */
export const options = v.strictObject({
  /** Where a run leaves a note as long as it lasts. Default: the folder for temporary files. */
  notes: v.optional(absolutePath()),
});

export type Options = v.InferOutput<typeof options>;

function absolutePath() {
  return v.pipe(v.string(), v.startsWith('/', 'must be an absolute path'));
}
