import * as v from 'valibot';

/**
 * What a user may set: `--plugin-option radio.KEY=VALUE`, or `pluginOptions` in a configuration. It is checked before a run
 * begins, and a mistake is reported with its path.
 */
export const options = v.strictObject({
  /** The kinds of links that are left out of the images, as `ip -details link` shows them. */
  linkKinds: v.optional(v.array(v.string()), ['dummy', 'ifb']),
});

export type Options = v.InferOutput<typeof options>;
