import * as v from 'valibot';

/**
 * What a user may set: `--plugin-option radio.KEY=VALUE`, or `pluginOptions` in a configuration. It is checked before a run
 * begins, and a mistake is reported with its path.
 */
export const options = v.strictObject({
  /** The folder of the accelerator's control socket and sessions. */
  accelerator: v.optional(absolutePath(), '/run/pretend-device'),
});

export type Options = v.InferOutput<typeof options>;

function absolutePath() {
  return v.pipe(v.string(), v.startsWith('/', 'must be an absolute path'));
}
