/**
 * Whether npm would take this as the name of a package: an error tells people to type it, and images must not make them type
 * anything else. https://docs.npmjs.com/cli/configuring-npm/package-json#name
 */
export function isPackageName(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    name.length <= 214 &&
    /^(@[a-z0-9-][a-z0-9._-]*\/)?[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)
  );
}

/** The same for a version: that of a release, no range. */
export function isPackageVersion(version: unknown): version is string {
  return typeof version === 'string' && /^[0-9][0-9A-Za-z.+-]{0,199}$/.test(version);
}

/** Whether it may stand behind `--plugin`: a package, perhaps with a path inside it, or a file's name in this directory. */
export function isLoadable(text: unknown): text is string {
  return typeof text === 'string' && text.length <= 500 && /^(@|\.\/)?[A-Za-z0-9_][A-Za-z0-9._/@+-]*$/.test(text);
}
