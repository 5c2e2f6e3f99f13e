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
  /** The sockets of the services that are connected again, by the name of their file. */
  services: v.optional(v.array(v.pipe(v.string(), v.nonEmpty())), ['example.sock']),
  /** Sources of the mounts that come from outside: paths on this machine, by mountpoint. */
  mounts: v.optional(v.record(absolutePath(), absolutePath()), { '/mnt/data': '/srv/data' }),
  /** The kinds of links that are left out of the images, as `ip -details link` shows them. */
  linkKinds: v.optional(v.array(v.string()), ['dummy', 'ifb']),
  /** Devices that programs map into their memory. Every machine has this one: put your own here. */
  mappedDevices: v.optional(v.array(absolutePath()), ['/dev/zero']),
  /** The folder of the accelerator's control socket and sessions. */
  accelerator: v.optional(absolutePath(), '/run/pretend-device'),
  /** Where a run leaves a note as long as it lasts. Default: the folder for temporary files. */
  notes: v.optional(absolutePath()),
});

export type Options = v.InferOutput<typeof options>;

function absolutePath() {
  return v.pipe(v.string(), v.startsWith('/', 'must be an absolute path'));
}
