import * as v from 'valibot';

/**
 * What a user may set: `--plugin-option radio.KEY=VALUE`, or `pluginOptions` in a configuration. It is checked before a run
 * begins, and a mistake is reported with its path.
 */
export const options = v.strictObject({
  /** Paths of the files that this plugin handles. These are devices that many machines have: put your own here. */
  devices: v.optional(v.array(absolutePath()), [
    '/dev/vcs',
    '/dev/fuse',
    '/dev/net/tun',
    '/dev/vhost-net',
    '/dev/autofs',
  ]),
});

export type Options = v.InferOutput<typeof options>;

function absolutePath() {
  return v.pipe(v.string(), v.startsWith('/', 'must be an absolute path'));
}
