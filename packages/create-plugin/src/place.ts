/** Where the command runs: all that it takes from its surroundings, so that tests can say it. */
export interface Place {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether questions can be asked: both stdin and stdout are a terminal. */
  readonly terminal: boolean;
}

/** The surroundings of this process. */
export function ownPlace(): Place {
  return {
    cwd: process.cwd(),
    environment: process.env,
    terminal: process.stdin.isTTY === true && process.stdout.isTTY === true,
  };
}
