import type { Answers, PortedPlugin, ProjectFile } from '../answers.ts';
import { modules, modulesOf } from './ported-hooks.ts';
import { portedIndex } from './ported-index.ts';
import { portedModule } from './ported-module.ts';
import { conformanceTest, hooksTest } from './ported-tests.ts';

/**
 * Sources and tests of a plugin that has the hooks of an existing one, and no others. Its handlers decline or do nothing, and
 * each says which function it was, and what became of its arguments.
 */
export function portedCode(answers: Answers, ported: PortedPlugin): readonly ProjectFile[] {
  return [
    file('src/index.ts', portedIndex(answers, ported)),
    ...(answers.options ? [file('src/options.ts', optionsModule(answers))] : []),
    ...modulesOf(ported).map((name) => file(`src/${modules[name]}.ts`, portedModule(name, answers, ported))),
    file('test/conformance.test.ts', conformanceTest(ported)),
    file('test/hooks.test.ts', hooksTest(ported)),
  ];
}

function file(path: string, content: string): ProjectFile {
  return { path, content, executable: false };
}

function optionsModule({ pluginName }: Answers): string {
  return `import * as v from 'valibot';

/**
 * What a user may set: \`--plugin-option ${pluginName}.KEY=VALUE\`, or \`pluginOptions\` in a configuration. It is checked before a run
 * begins, and a mistake is reported with the place where it is. There is none yet: add one as \`device: v.optional(v.string())\`.
 */
export const options = v.strictObject({});

export type Options = v.InferOutput<typeof options>;
`;
}
