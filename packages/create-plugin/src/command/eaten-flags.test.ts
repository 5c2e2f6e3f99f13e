import { expect, test } from 'vitest';
import type { CreateError } from '../create-error.ts';
import { refuseEatenFlags } from './eaten-flags.ts';
import { parseArguments } from './parse-arguments.ts';

/** What npm 11 shows of flags that came before `--`. */
function under(environment: Readonly<Record<string, string>>, ...args: readonly string[]): CreateError | null {
  const invocation = parseArguments(args);
  if (invocation.command !== 'create') throw new Error('not the right command');
  try {
    refuseEatenFlags(invocation.request, { npm_command: 'exec', ...environment });
    return null;
  } catch (error) {
    return error as CreateError;
  }
}

test.each([
  ['--dry-run', { npm_config_dry_run: 'true' }],
  ['--handles', { npm_config_handles: 'true' }],
  ['--package-manager', { npm_config_package_manager: 'pnpm' }],
  ['--skip-install', { npm_config_skip_install: 'true' }],
  ['--options', { npm_config_options: 'true\n\n' }],
  ['--no-git', { npm_config_git: 'false' }],
  ['--no-ci', { npm_config_ci: 'false' }],
])('%s was meant for us', (flag, environment) => {
  const refusal = under(environment, 'my-thing');
  expect(refusal).toMatchObject({ code: 'USAGE', message: `npm took ${flag} for itself` });
  expect(refusal?.remedy).toContain(`npm create criu-plugin my-thing -- ${flag}`);
});

test.each([
  { npm_config_yes: 'true' },
  { npm_config_force: 'true' },
  { npm_config_git: '/usr/bin/git' },
  { npm_config_dry_run: '' },
])("npm's own are no mistake: %o", (environment) => {
  expect(under(environment, 'my-thing')).toBeNull();
});

test('a flag that came through is no mistake', () => {
  expect(under({ npm_config_dry_run: 'true' }, 'my-thing', '--dry-run')).toBeNull();
});

test('where npm did not run this command, its settings say nothing', () => {
  expect(under({ npm_command: 'run-script', npm_config_dry_run: 'true' }, 'my-thing')).toBeNull();
});
