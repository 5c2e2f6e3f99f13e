import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Yeoman's packages read their own package.json beside them, which a bundle has not. By module: the expression, and what
 * of its package.json it stands for.
 */
const expressions = {
  'yeoman-environment/dist/environment-base.js': ["require('../package.json').version", ({ version }) => version],
  'yeoman-environment/dist/module-lookup.js': [
    "JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json')).toString()).name",
    ({ name }) => name,
  ],
  'yeoman-generator/dist/generator.js': [
    "JSON.parse(readFileSync(pathJoin(_dirname, '../package.json'), 'utf8'))",
    ({ version }) => ({ version }),
  ],
};

/** Puts these values into the bundle. A release of Yeoman that reads them otherwise fails the build, not the user. */
export function fixedVersions() {
  const left = new Set(Object.keys(expressions));
  return {
    name: 'fixed-versions',
    transform(code, id) {
      const module = Object.keys(expressions).find((name) => id.endsWith(`/node_modules/${name}`));
      if (module === undefined) return null;
      const [expression, read] = expressions[module];
      if (!code.includes(expression)) this.error(`${module} no longer has ${expression}`);
      left.delete(module);
      const packageFolder = id.slice(0, id.lastIndexOf('/dist/'));
      const manifest = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
      return { code: code.replace(expression, () => JSON.stringify(read(manifest))) };
    },
    buildEnd(error) {
      if (error === undefined && left.size > 0) this.error(`not in the bundle: ${[...left].join(', ')}`);
    },
  };
}
