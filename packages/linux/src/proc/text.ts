/** `Key:\tvalue` lines by key; of a key that comes twice, the first. */
export function fields(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const key = line.slice(0, colon);
    if (!found.has(key)) found.set(key, line.slice(colon + 1).trim());
  }
  return found;
}

/** The words between blanks; none for an empty text. */
export function words(text: string): string[] {
  const trimmed = text.trim();
  return trimmed === '' ? [] : trimmed.split(/\s+/);
}

/** A hexadecimal number without `0x`, of any length. */
export function hex(text: string): bigint {
  return BigInt(`0x${text}`);
}

/** Undoes the kernel's octal escapes: `\012` is a newline. */
export function unescapeOctal(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** Undoes what maps escape: of a path only the newline. A backslash stands for itself. proc_pid_maps(5); fs/proc/task_mmu.c of the kernel. */
export function withNewlines(path: string): string {
  return path.replaceAll('\\012', '\n');
}
