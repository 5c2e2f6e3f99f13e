import * as v from 'valibot';

/**
 * What a user may set: `--plugin-option radio.KEY=VALUE`, or `pluginOptions` in a configuration. It is checked before a run
 * begins, and a mistake is reported with its path.
 */
export const options = v.strictObject({
  /** Devices that programs map into their memory. Every machine has this one: put your own here. */
  mappedDevices: v.optional(v.array(absolutePath()), ['/dev/zero']),
});

export type Options = v.InferOutput<typeof options>;

function absolutePath() {
  return v.pipe(v.string(), v.startsWith('/', 'must be an absolute path'));
}
