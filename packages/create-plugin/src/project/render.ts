import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ejs from 'ejs';
import { packageFolder } from '../package-folder.ts';
import type { TemplateData } from './template-data.ts';

/** npm packs no file of this name, so templates have another one. */
const renamed: Readonly<Record<string, string>> = { '.gitignore': '_gitignore' };

/**
 * A file of the new project: `templates/FOLDER/PATH` as it is, or `PATH.ejs` filled with what is known of the project. A
 * template has `<% %>` for what depends on the answers, and is the file itself otherwise.
 */
export function render(folder: 'project' | 'licences', path: string, data: TemplateData): string {
  const plain = join(packageFolder(), 'templates', folder, renamed[path] ?? path);
  if (existsSync(plain)) return readFileSync(plain, 'utf8');
  const filename = `${plain}.ejs`;
  return ejs.render(readFileSync(filename, 'utf8'), data, {
    filename,
    strict: true,
    _with: false,
    destructuredLocals: Object.keys(data),
    // The texts are code and Markdown, not HTML.
    escape: String,
  });
}
