/**
 * Modules of `@criujs/linux` and others look for files beside themselves, and would look beside the bundle.
 * @typedef {{ module: string, text: string, instead: string, before?: string }} Looker the end of a module's path, what it says, what it is
 *   to say, and what that needs at its top
 */

/** koffi is found from where `@criujs/linux` lies. @type {Looker} */
export const nativeOfLinux = {
  module: '/linux/dist/native.js',
  text: 'fileURLToPath(import.meta.url)',
  instead: "fileURLToPath(import.meta.resolve('@criujs/linux'))",
};

/** The same in a script (`write-script.js`). @type {Looker} */
export const nativeOfLinuxInScript = {
  ...nativeOfLinux,
  before: "import { findPackage } from './koffi.js';\n",
  instead: "(findPackage(__dirname, '@criujs/linux') ?? __dirname) + '/any.js'",
};

/** Files that a script finds where it lies itself. @param {string} module @param {string} name @returns {Looker} */
export function besideScript(module, name) {
  return {
    module,
    text: `fileURLToPath(new URL('./${name}', import.meta.url))`,
    instead: `join(__dirname, '${name}')`,
    before: "import { join } from 'node:path';\n",
  };
}

/**
 * Makes a plugin for rolldown that has them look where they did.
 * @param {readonly Looker[]} lookers
 */
export function lookElsewhere(lookers) {
  return {
    name: 'look-elsewhere',
    transform(code, id) {
      const found = lookers.find(({ module }) => id.endsWith(module));
      if (found === undefined) return null;
      if (!code.includes(found.text)) throw new Error(`${id}: it does not say ${found.text} any more`);
      return (found.before ?? '') + code.replace(found.text, found.instead);
    },
  };
}
