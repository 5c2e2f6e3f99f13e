/** What the command's exit code means. */
export const exitCodes = {
  done: 0,
  /** Refused or failed; nothing was written. */
  refused: 1,
  /** The project is there, but what it needs could not be installed. */
  notInstalled: 2,
  /** A mistake in create-criu-plugin. */
  internal: 70,
  /** Ctrl-C; nothing was written. */
  interrupted: 130,
} as const;
