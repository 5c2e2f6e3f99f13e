import { CreateError } from '../create-error.ts';
import { flags } from './flags.ts';
import type { Request } from './request.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** npm has these too, and people set them for npm itself: it may consume them. */
const npmsOwn: readonly string[] = ['yes', 'force', 'json', 'version', 'help', 'description', 'git'];

/**
 * npm takes flags that come before `--` for itself and shows them to us only as `npm_config_…`. To go on as if they had
 * not been written would do what nobody asked for, such as writing files when a dry run was wanted.
 * @throws {CreateError} `USAGE`
 */
export function refuseEatenFlags(request: Request, environment: Environment): void {
  if (environment['npm_command'] !== 'exec' && environment['npm_command'] !== 'init') return;
  const written = new Set([...flags.keys()].filter((name) => !isGiven(name, request)).flatMap((name) => took(name)));
  if (written.size === 0) return;
  const folder = request.given.get('folder') ?? 'my-plugin';
  throw new CreateError(
    'USAGE',
    `npm took ${[...written].join(', ')} for itself`,
    `Flags come after --: npm create criu-plugin ${folder} -- ${[...written].join(' ')}`,
  );

  function took(name: string): readonly string[] {
    const value = environment[`npm_config_${name.replaceAll('-', '_')}`];
    if (value === undefined || value === '') return [];
    if (value === 'false') return flags.has(`no-${name}`) ? [`--no-${name}`] : [];
    return npmsOwn.includes(name) ? [] : [`--${name}`];
  }
}

function isGiven(name: string, request: Request): boolean {
  const flag = flags.get(name);
  if (flag !== undefined && 'answers' in flag) return request.given.has(flag.answers);
  return (
    { from: request.from !== null, partial: request.partial, 'dry-run': request.dryRun, verbose: request.verbose }[
      name
    ] ?? false
  );
}
