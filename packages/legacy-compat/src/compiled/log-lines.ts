import type { Logger, LogLevel } from '@criujs/plugin-sdk';

/** CRIU's levels by number (LOG_MSG to LOG_DEBUG in criu-log.h): messages come without regard to any level. */
const levels: readonly LogLevel[] = ['info', 'error', 'warn', 'info', 'debug'];

/** Hands on what a plugin said with `print_on_level`: it ends its lines itself, and may say several at once. */
export function logLines(log: Logger, level: number, text: string): void {
  const name = levels[level] ?? 'debug';
  for (const line of text.split('\n')) if (line.trim() !== '') log[name](line.trimEnd());
}
