import { type Answers, type ProjectFile, type ProjectRecord, projectRecordName, templateVersion } from '../answers.ts';
import { ownVersion } from '../package-folder.ts';
import { portedCode } from '../port/ported-code.ts';
import { kinds } from './kinds.ts';
import { managers } from './managers.ts';
import { manifest } from './manifest.ts';
import { render } from './render.ts';
import { templateData } from './template-data.ts';

/** Files that every project has, besides its manifest, its record and its licence. */
const common = [
  '.changeset/config.json',
  '.changeset/first-release.md',
  '.editorconfig',
  '.gitignore',
  '.vscode/launch.json',
  '.vscode/settings.json',
  'AGENTS.md',
  'README.md',
  'biome.json',
  'example/dev.ts',
  'example/machine.ts',
  'example/program.sh',
  'example/program.ts',
  'example/show-call.ts',
  'example/stage.ts',
  'example/until.ts',
  'example/watch.ts',
  'test/end-to-end.test.ts',
  'test/manifest.test.ts',
  'tsconfig.build.json',
  'tsconfig.json',
  'vitest.config.ts',
] as const;

/** Every file of the project that was asked for, sorted by path. It reads the templates and writes nothing. */
export function projectFiles(answers: Answers): readonly ProjectFile[] {
  const data = templateData(answers);
  const templates = [
    ...common,
    ...(answers.ci ? ['.github/workflows/ci.yml'] : []),
    ...managers[answers.packageManager].files,
    ...(answers.ported === null ? codeOf(answers) : []),
    ...(answers.device === null ? [] : ['example/device.ts']),
  ];
  const files = [
    ...templates.map((path) => fileOf(path, render('project', path, data))),
    ...(answers.ported === null ? [] : portedCode(answers, answers.ported)),
    fileOf('package.json', manifest(answers)),
    fileOf('LICENSE', render('licences', answers.licence, data)),
    fileOf(projectRecordName, `${JSON.stringify(recordOf(answers), null, 2)}\n`),
  ];
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function fileOf(path: string, content: string): ProjectFile {
  return { path, content, executable: path.endsWith('.sh') };
}

/** Sources and tests of the chosen kinds. */
function codeOf({ handles, options }: Answers): string[] {
  const ofKinds = handles.flatMap((id) => [`src/${id}.ts`, `test/${id}.test.ts`, ...kinds[id].files]);
  return [...new Set(['src/index.ts', 'test/conformance.test.ts', ...(options ? ['src/options.ts'] : []), ...ofKinds])];
}

function recordOf({ handles, options }: Answers): ProjectRecord {
  return { template: templateVersion, createdWith: ownVersion(), handles, options };
}
