import * as v from 'valibot';

/**
 * What a user may set: `--plugin-option radio.KEY=VALUE`, or `pluginOptions` in a configuration. It is checked before a run
 * begins, and a mistake is reported with its path.
 */
export const options = v.strictObject({
  /** The sockets of the services that are connected again, by the name of their file. */
  services: v.optional(v.array(v.pipe(v.string(), v.nonEmpty())), ['example.sock']),
});

export type Options = v.InferOutput<typeof options>;
