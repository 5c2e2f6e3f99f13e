import { type PackageManager, packageManagers } from './answers.ts';

/** How each package manager is told what. `run` is followed by a script's name. */
export const packageManagerCommands: Readonly<
  Record<PackageManager, { readonly install: readonly string[]; readonly run: string; readonly test: string }>
> = {
  npm: { install: ['npm', 'install'], run: 'npm run', test: 'npm test' },
  pnpm: { install: ['pnpm', 'install'], run: 'pnpm', test: 'pnpm test' },
  yarn: { install: ['yarn', 'install'], run: 'yarn', test: 'yarn test' },
  bun: { install: ['bun', 'install'], run: 'bun run', test: 'bun run test' },
};

/** The package manager that started this command, or npm. It names itself first: `pnpm/10.1.0 npm/? node/v22 linux x64`. */
export function detectPackageManager(environment: Readonly<Record<string, string | undefined>>): PackageManager {
  const [name] = (environment['npm_config_user_agent'] ?? '').split('/');
  return packageManagers.find((it) => it === name) ?? 'npm';
}
