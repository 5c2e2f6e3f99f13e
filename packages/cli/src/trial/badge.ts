import type { Finding } from './judge.ts';

/**
 * The Markdown of a badge: which version was checked, when, and how many checks it passed. It is a picture of that moment, no seal: who
 * reads it can run the check again. The picture is made by shields.io from its address. https://shields.io/badges
 */
export function badgeOf(
  { name, version }: { readonly name: string; readonly version: string | null },
  findings: readonly Finding[],
  date: Date,
): string {
  const count = (status: Finding['status']): number => findings.filter((it) => it.status === status).length;
  const failed = count('failed');
  const result = failed > 0 ? `${failed} failed` : `${count('passed')} of ${findings.length} passed`;
  const message = [version ?? 'no version', result, date.toISOString().slice(0, 10)].join(', ');
  const colour = failed > 0 ? 'red' : 'brightgreen';
  const picture = `https://img.shields.io/badge/${part('criujs plugin check')}-${part(message)}-${colour}`;
  return `[![criujs plugin check: ${message}](${picture})](https://www.npmjs.com/package/${name})`;
}

function part(text: string): string {
  return encodeURIComponent(text.replaceAll('-', '--').replaceAll('_', '__').replaceAll(' ', '_'));
}
