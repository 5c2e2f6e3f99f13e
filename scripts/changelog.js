import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Topics of a changelog, in their order. A change belongs to the first whose packages it is about: the packages that a changeset names
 * say what it is about.
 */
const topics = [
  ['Writing plugins', ['create-criu-plugin', 'generator-criu-plugin', '@criujs/plugin-testing']],
  ['Plugins in C and of the old structure', ['@criujs/legacy-compat']],
  ['With the real CRIU', ['@criujs/criu-bridge', '@criujs/wire']],
  ['Plugins', ['@criujs/plugin-sdk', '@criujs/plugin-host']],
  ['What is dumped and restored', ['@criujs/core', '@criujs/images', '@criujs/linux', '@criujs/engine-kit']],
  ['The command line', ['criujs']],
];

const breaking = 'Changes that need yours';

/** A change about this many packages is about no one of them. */
const manyPackages = 6;
const general = 'In general';

/**
 * Describes a release of one package for its users, as Markdown.
 * @param {{ name: string; version: string; dependencies?: Record<string, string> }} manifest
 * @param {readonly { summary: string; releases: readonly { name: string; type: string }[] }[]} changesets all of this release
 */
export function describeRelease({ name, version, dependencies = {} }, changesets) {
  const own = changesets.filter(({ releases }) => releases.some((it) => it.name === name && it.type !== 'none'));
  const isFirst = version === '0.1.0';
  const groups = new Map([breaking, general, ...topics.map(([title]) => title)].map((title) => [title, []]));
  for (const changeset of own) groups.get(topicOf(changeset, name, isFirst)).push(changeset.summary.trim());
  const parts = [...groups].flatMap(([title, all]) => (all.length === 0 ? [] : [section(title, all)]));
  const used = Object.entries(dependencies).filter(([dependency]) =>
    topics.some(([, names]) => names.includes(dependency)),
  );
  const ranges = used.map(([dependency, range]) => `\`${dependency}\` ${range}`).join(', ');
  return [
    `## ${version}`,
    ...(isFirst ? ['The first release.'] : []),
    ...parts,
    ...(own.length === 0 ? ['Nothing but newer packages beside it.'] : []),
    ...(ranges === '' ? [] : [`Works with ${ranges}.`]),
  ].join('\n\n');
}

/** Puts a release before those that a changelog has. */
export function putFirst(name, release, changelog) {
  const title = `# ${name}`;
  const before = changelog.startsWith(`${title}\n`) ? changelog.slice(title.length).trim() : changelog.trim();
  return `${[title, release, before].filter((part) => part !== '').join('\n\n')}\n`;
}

/** In a first release nothing can be broken. Below 1.0 a minor version may break, and says so in its summary. */
function topicOf({ releases }, name, isFirst) {
  const { type } = releases.find((it) => it.name === name);
  if (type === 'major' && !isFirst) return breaking;
  const named = releases.map((it) => it.name);
  if (named.length >= manyPackages) return general;
  return topics.find(([, names]) => names.some((it) => named.includes(it)))?.[0] ?? topics.at(-1)[0];
}

function section(title, summaries) {
  return [`### ${title}`, summaries.map((summary) => `- ${summary.replaceAll('\n', '\n  ')}`).join('\n')].join('\n\n');
}

/**
 * Reads the changesets of a folder, in the order of their names.
 * @returns {{ summary: string; releases: { name: string; type: string }[] }[]}
 */
export function readChangesets(folder) {
  const files = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md');
  return files.sort().map((name) => {
    const [, packages, summary] = /^---\n(.*?)\n?---\n(.*)$/s.exec(readFileSync(join(folder, name), 'utf8')) ?? [];
    if (packages === undefined) throw new Error(`.changeset/${name} is not a changeset`);
    const releases = [...packages.matchAll(/^['"]?([^'":]+)['"]?: *(\w+)$/gm)].map(([, it, type]) => ({
      name: it,
      type,
    }));
    return { summary: summary.trim(), releases };
  });
}
