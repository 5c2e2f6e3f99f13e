import { tsPlugin } from '@sveltejs/acorn-typescript';
import { type Options, Parser, type Program } from 'acorn';
import { invalid } from '../invalid.ts';

const TypeScriptParser = Parser.extend(tsPlugin());
const options: Omit<Options, 'sourceType'> = { ecmaVersion: 'latest', allowHashBang: true, locations: true };

/**
 * The syntax of a module. What is CommonJS by its name is read as that; where the name does not tell, it is tried as a module
 * of today first. In `.cts` both stand side by side.
 * @throws PluginError PLUGIN_INVALID: it is none
 */
export function parse(text: string, path: string): Program {
  const parser = /\.[cm]?tsx?$/.test(path) ? TypeScriptParser : Parser;
  const asModule = (): Program => parser.parse(text, { ...options, sourceType: 'module' });
  const asScript = (): Program =>
    parser.parse(text, { ...options, sourceType: 'script', allowReturnOutsideFunction: true });
  const ways = path.endsWith('.cjs') ? [asScript] : /\.m[jt]s$/.test(path) ? [asModule] : [asModule, asScript];
  let first: unknown;
  for (const way of ways) {
    try {
      return way();
    } catch (error) {
      first ??= error;
    }
  }
  const why = first instanceof Error ? first.message : String(first);
  throw invalid(
    path,
    `it is not JavaScript or TypeScript: ${why}`,
    'Name a plugin in C, JavaScript or TypeScript, or a compiled one (.so).',
    first,
  );
}
