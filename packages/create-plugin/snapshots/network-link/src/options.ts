import * as v from 'valibot';

/**
 * What a user may set: `--plugin-option radio.KEY=VALUE`, or `pluginOptions` in a configuration. It is checked before a run
 * begins, and a mistake is reported with the place where it is.
 */
export const options = v.strictObject({
  /** The kinds of links that are left to whoever restores: what `ip -details link` shows. */
  linkKinds: v.optional(v.array(v.string()), ['dummy', 'ifb']),
});

export type Options = v.InferOutput<typeof options>;
