import * as v from 'valibot';

/**
 * What a user may set: `--plugin-option radio.KEY=VALUE`, or `pluginOptions` in a configuration. It is checked before a run
 * begins, and a mistake is reported with its path.
 */
export const options = v.strictObject({
  /** Sources of the mounts that come from outside: paths on this machine, by mountpoint. */
  mounts: v.optional(v.record(absolutePath(), absolutePath()), { '/mnt/data': '/srv/data' }),
});

export type Options = v.InferOutput<typeof options>;

function absolutePath() {
  return v.pipe(v.string(), v.startsWith('/', 'must be an absolute path'));
}
