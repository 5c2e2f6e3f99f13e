import * as v from 'valibot';

/**
 * What a user may set: `--plugin-option radio.KEY=VALUE`, or `pluginOptions` in a configuration. It is checked before a run
 * begins, and a mistake is reported with the place where it is. There is none yet: add one as `device: v.optional(v.string())`.
 */
export const options = v.strictObject({});

export type Options = v.InferOutput<typeof options>;
