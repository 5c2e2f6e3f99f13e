import { type Answers, type ProjectFile, type ProjectRecord, projectRecordName, templateVersion } from '../answers.ts';
import { ownVersion } from '../package-folder.ts';

/** All files of the new project. */
export function projectFiles(answers: Answers): readonly ProjectFile[] {
  const { packageName, pluginName, description, handles, options } = answers;
  const record: ProjectRecord = { template: templateVersion, createdWith: ownVersion(), handles, options };
  return [
    file('package.json', json({ name: packageName, version: '0.0.0', description, type: 'module' })),
    file('.gitignore', 'node_modules\ndist\n'),
    file('README.md', `# ${packageName}\n\n${description}\n`),
    file('src/index.ts', `export const name = '${pluginName}';\n`),
    file(projectRecordName, json(record)),
  ];
}

function file(path: string, content: string): ProjectFile {
  return { path, content, executable: false };
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
