import validate from 'validate-npm-package-name';

/** Why npm would not take this name for a new package, or null when it would. */
export function whyInvalidName(name: string): string | null {
  const { validForNewPackages, errors = [], warnings = [] } = validate(name);
  return validForNewPackages ? null : [...errors, ...warnings].join('; ') || 'npm does not accept it';
}

/** The valid name that is nearest to a text, which may be a folder's name or an invalid package name. */
export function nearestName(text: string): string {
  const [scope, own] = /^@([^/]+)\/(.*)$/.exec(text)?.slice(1) ?? [];
  const name = own === undefined ? simple(text) : `@${simple(scope ?? '')}/${simple(own)}`;
  const last = simple(own ?? text);
  const candidates = last === '' ? [] : [name, `criu-plugin-${last}`];
  return candidates.find((it) => whyInvalidName(it) === null) ?? 'my-criu-plugin';
}

/** The plugin's own name within images and messages: the package's, without scope and prefix. */
export function pluginNameOf(packageName: string): string {
  const name = packageName
    .replace(/^@[^/]+\//, '')
    .replace(/^(criu|criujs)-plugin-(?=.)/, '')
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return name === '' ? 'plugin' : name;
}

/** Lower case, letters without their accents, and dashes for all that is neither letter nor digit. */
function simple(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{Mark}/gu, '')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replaceAll(/[^a-z0-9._~-]+/g, '-')
    .replaceAll(/^[._~-]+|[._~-]+$/g, '')
    .slice(0, 100)
    .replaceAll(/[._~-]+$/g, '');
}
