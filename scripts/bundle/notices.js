import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * The packages that modules of a bundle came from.
 * @param {readonly string[]} modules absolute paths
 * @returns {readonly string[]} their folders
 */
export function packagesOf(modules) {
  const folders = modules
    .map((id) => id.replaceAll('\0', '').replace(/\?.*$/, ''))
    .map((id) => /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1])
    .filter((folder) => folder !== undefined);
  return [...new Set(folders)].toSorted();
}

/**
 * Writes what the licences of bundled packages ask for: who made them, and the licence's text.
 * @param {string} name of the package with the bundle
 * @param {readonly string[]} folders
 * @param {string} file
 */
export function writeNotices(name, folders, file) {
  const notices = folders.map(noticeOf).toSorted((a, b) => (a.title < b.title ? -1 : 1));
  const head = `${name} contains parts of these ${notices.length} packages.\n`;
  writeFileSync(
    file,
    [head, ...notices.map(({ title, text }) => `${title}\n\n${text}\n`)].join(`\n${'-'.repeat(80)}\n\n`),
  );
}

function noticeOf(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const { name, version, author, homepage } = manifest;
  // In old packages it is an object, or a list of them.
  const license = manifest.license?.type ?? manifest.license ?? manifest.licenses?.[0]?.type;
  const own = readdirSync(folder)
    .filter((entry) => /^(licen[cs]e|copying|notice)/i.test(entry))
    .map((entry) => readFileSync(join(folder, entry), 'utf8').trim());
  if (typeof license !== 'string') throw new Error(`${name} does not say its licence`);
  const who =
    typeof author === 'object' ? [author.name, author.email && `<${author.email}>`].filter(Boolean).join(' ') : author;
  const text =
    own.length > 0 ? own.join('\n\n') : `Copyright ${who ?? `the authors of ${name}`}\n\n${textOf(license, name)}`;
  return { title: `${name} ${version} (${license})${homepage ? `\n${homepage}` : ''}`, text };
}

/** Packages without a licence file: the text that their licence field names. */
function textOf(license, name) {
  const text = texts[license];
  if (text === undefined) throw new Error(`${name} ships no text of its licence, ${license}`);
  return text;
}

const asIs = `THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.`;

/** The Apache License as a package has it that is under it itself. */
const apache = readFileSync(createRequire(import.meta.url).resolve('typescript/LICENSE.txt'), 'utf8').trim();

const bsd = `Redistribution and use in source and binary forms, with or without
modification, are permitted provided that the following conditions are met:

1. Redistributions of source code must retain the above copyright notice, this
   list of conditions and the following disclaimer.
2. Redistributions in binary form must reproduce the above copyright notice,
   this list of conditions and the following disclaimer in the documentation
   and/or other materials provided with the distribution.
3. Neither the name of the copyright holder nor the names of its contributors
   may be used to endorse or promote products derived from this software
   without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.`;

/** By SPDX identifier. */
const texts = {
  '(Apache-2.0 AND BSD-3-Clause)': `${apache}\n\nParts:\n\n${bsd}`,
  MIT: `Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

${asIs}`,
  'CC-BY-3.0': 'Used under the terms of https://creativecommons.org/licenses/by/3.0/legalcode',
  'CC0-1.0': 'Dedicated to the public domain: https://creativecommons.org/publicdomain/zero/1.0/legalcode',
};
