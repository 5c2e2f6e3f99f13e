import { CreateError } from '../create-error.ts';
import type { Place } from '../place.ts';
import { type Flag, flags } from './flags.ts';
import type { Request } from './request.ts';

/** npm has these too, and people set them for npm itself: to take them is no mistake. */
const npmsOwn: ReadonlySet<string> = new Set(['yes', 'force', 'json', 'version', 'help', 'description', 'git']);

/**
 * npm takes flags that come before `--` for itself and shows them to us only as `npm_config_…`. To go on as if they had
 * not been written would do what nobody asked for, such as writing files when a dry run was wanted.
 * @throws {CreateError} `USAGE`
 */
export function refuseEatenFlags(request: Request, { environment }: Place): void {
  const eaten = [...flags].filter(([name, flag]) => !npmsOwn.has(name) && !isGiven(flag, request) && took(name));
  if (eaten.length === 0) return;
  const written = eaten.map(([name]) => `--${name}`);
  const folder = request.given.get('folder') ?? 'my-plugin';
  throw new CreateError(
    'USAGE',
    `npm took ${written.join(', ')} for itself`,
    `Flags come after --: npm create criu-plugin ${folder} -- ${written.join(' ')}`,
  );

  function took(name: string): boolean {
    if (environment['npm_command'] !== 'exec' && environment['npm_command'] !== 'init') return false;
    const value = environment[`npm_config_${name.replaceAll('-', '_')}`];
    return value !== undefined && value !== '' && value !== 'false';
  }
}

function isGiven(flag: Flag, request: Request): boolean {
  if ('answers' in flag) return request.given.has(flag.answers);
  return (
    { from: request.from !== null, 'dry-run': request.dryRun, verbose: request.verbose }[flag.sets as string] ?? false
  );
}
