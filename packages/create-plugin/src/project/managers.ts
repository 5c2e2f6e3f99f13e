import type { PackageManager } from '../answers.ts';

/** How one works with a package manager. */
export interface Manager {
  readonly install: string;
  /** The same in CI: exactly what the lock file says. */
  readonly ci: string;
  /** Before the name of a script. */
  readonly run: string;
  /** Before the name of an installed command. */
  readonly exec: string;
  /** Before the names of packages. */
  readonly add: string;
  /** Steps that a CI job on GitHub needs before it can install, as lines of YAML. */
  readonly setup: readonly string[];
  /** Files that only its projects have. */
  readonly files: readonly string[];
}

export const managers: Readonly<Record<PackageManager, Manager>> = {
  npm: { install: 'npm install', ci: 'npm ci', run: 'npm run', exec: 'npx', add: 'npm install', setup: [], files: [] },
  pnpm: {
    install: 'pnpm install',
    ci: 'pnpm install --frozen-lockfile',
    run: 'pnpm run',
    exec: 'pnpm exec',
    add: 'pnpm add',
    setup: ['uses: pnpm/action-setup@v4\n        with:\n          version: 10'],
    files: [],
  },
  yarn: {
    install: 'yarn install',
    ci: 'yarn install --immutable',
    run: 'yarn run',
    exec: 'yarn run',
    add: 'yarn add',
    setup: ['run: corepack enable'],
    files: ['.yarnrc.yml'],
  },
  bun: {
    install: 'bun install',
    ci: 'bun install --frozen-lockfile',
    run: 'bun run',
    exec: 'bunx',
    add: 'bun add',
    setup: ['uses: oven-sh/setup-bun@v2'],
    files: [],
  },
};
