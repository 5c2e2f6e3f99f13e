import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packagesOf, writeNotices } from './notices.js';

/** Of Node's own modules, those that take milliseconds to load and that a run seldom needs. */
const slow = ['child_process', 'crypto', 'os', 'timers/promises', 'tty'];

/** Says in a bundle that a module of ours is not in it. @param {RegExp} modules @param {string} why */
export function leaveOut(modules, why) {
  return {
    name: 'leave-out',
    resolveId: { order: 'pre', handler: (id) => (modules.test(id) ? `\0left-out:${id}` : null) },
    load: (id) =>
      id.startsWith('\0left-out:') ? `throw new Error(${JSON.stringify(`${id.slice(10)}: ${why}`)});` : null,
  };
}

/**
 * For what is read and written with the tables of `@criujs/images`: the protobuf runtime builds a descriptor of descriptors as it
 * loads, for schemas into which a program looks.
 */
export const withoutDescriptors = {
  name: 'without-descriptors',
  load(id) {
    if (!/@bufbuild\/protobuf\/dist\/.*codegenv2\/index\.js$/.test(id)) return null;
    return ['fileDesc', 'messageDesc', 'enumDesc']
      .map((name) => `export const ${name} = () => { throw new Error('this bundle has no protobuf descriptors'); };`)
      .join('\n');
  },
};

/**
 * Writes a bundle as one script for `loadScript` of `@criujs/engine-kit/code-cache`: an expression in ASCII that gives a function,
 * behind a line that tells it from all others; and beside it the notices of the other packages that are in it.
 * @param build what rolldown made, of one entry
 * @param {{ name: string, file: string }} what the package, and where the script goes
 */
export async function writeScript(build, { name, file }) {
  const { code, moduleIds } = await oneScript(build);
  const script = `(function(exports,require,module,__filename,__dirname,__import){${ascii(loadSlowLate(importByLoader(code)))}\n})\n`;
  const id = createHash('sha256').update(script).digest('hex').slice(0, 32);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `//${id}\n${script}`);
  writeNotices(name, packagesOf(moduleIds), join(dirname(file), 'THIRD-PARTY-NOTICES.txt'));
}

/** Writes what Node itself loads first: a small module in CommonJS, which it starts sooner than one of ECMAScript. */
export async function writeStart(build, file) {
  const { code, moduleIds } = await oneScript(build);
  const others = packagesOf(moduleIds);
  if (others.length > 0) throw new Error(`${file} has no place for the notices of ${others.join(', ')}`);
  writeFileSync(file, code);
}

async function oneScript(build) {
  const { output } = await build.generate({
    format: 'cjs',
    codeSplitting: false,
    comments: { legal: true, jsdoc: false, annotation: false },
    // Names stay, so that a stack can be read.
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
  });
  await build.close();
  const [script, ...rest] = output;
  if (rest.length > 0) throw new Error(`the bundle has ${output.length} parts`);
  if (script.code.includes('import.meta'))
    throw new Error(`${script.fileName}: a module looks for files beside itself`);
  return script;
}

/** What such a module exports is asked for by name each time, unless all of it is wanted. */
function loadSlowLate(code) {
  return slow.reduce((text, name) => {
    const variable = `node_${name.replace('/', '_')}`;
    if (text.includes(`__toESM(${variable}`)) return text;
    const late = `${variable}=new Proxy({},{get:(_,name)=>require("node:${name}")[name]})`;
    return text.replace(`${variable}=require("node:${name}")`, late);
  }, code);
}

/** A script has no `import()` of its own: that of its loader finds the same packages, as it lies beside it. */
function importByLoader(code) {
  return code.replaceAll(/(?<![\w$.])import\((?=[`'"])/g, '__import(');
}

/** Strings, templates and regular expressions take it so; names of ours are ASCII. */
function ascii(code) {
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
