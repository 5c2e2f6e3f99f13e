import {
  type EngineError,
  type ErrorReport,
  exitCodeOf,
  reportError,
  safeLines,
  safeText,
  thrownIn,
  toEngineError,
} from '@criujs/core';
import type { Output } from './output.ts';
import { PackageError } from './registry/package-error.ts';
import { UsageError } from './usage-error.ts';

/** Prints an error, in words or as JSON, and returns the exit code. */
export function printError(thrown: unknown, output: Output): number {
  if (thrown instanceof UsageError || thrown instanceof PackageError) {
    const { code, message, remedy, exitCode } = thrown;
    print(
      { ok: false, error: { code, message, remedy } },
      `${heading(message, output)}${remedyLine(remedy, output)}`,
      output,
    );
    return exitCode;
  }
  const error = toEngineError(thrown);
  print(reportError(error), describe(error, output), output);
  // A signal that aborted the run determines the code.
  return (error as { exitCode?: number }).exitCode ?? exitCodeOf(error.code);
}

function print(report: ErrorReport, text: string, output: Output): void {
  if (output.json) output.result(report, '');
  else output.note(text);
}

function describe(error: EngineError, output: Output): string {
  // The message lists the refusals for libraries; here each gets lines of its own.
  const { refusals = [], summary: title = error.message } = error;
  const lines = refusals.map(({ pid, command, resource, why, remedy }) => {
    const who = command === undefined ? `${pid}` : `${pid} (${safeText(command)})`;
    return `  ${output.errorColors.bold(who)} ${safeText(resource)}\n    ${safeText(why)}${remedyLine(remedy, output, '    ')}`;
  });
  // Each refusal has its own.
  const remedy = refusals.length > 0 ? '' : remedyLine(error.remedy, output);
  const more = output.verbose ? `\n${output.errorColors.dim(background(error))}` : '';
  return [heading(title, output), ...lines].join('\n') + remedy + more;
}

function heading(message: string, { errorColors }: Output): string {
  return `${errorColors.red('criujs:')} ${safeLines(message)}`;
}

function remedyLine(remedy: string, { errorColors }: Output, indent = '  '): string {
  return remedy === '' ? '' : `\n${indent}${errorColors.cyan('→')} ${safeText(remedy)}`;
}

/** What -v adds for debugging. */
function background(error: EngineError): string {
  const fields = [`code ${error.code}`];
  for (const name of ['plugin', 'hook', 'resource', 'pid'] as const) {
    if (error[name] !== undefined) fields.push(`${name} ${error[name]}`);
  }
  // The stack of the engine, and of what it wrapped, says nothing to whoever looks for a mistake in a plugin.
  const thrown = thrownIn(error);
  if (thrown.length > 0) return [fields.join(', '), ...thrown].map((it) => `  ${safeText(it)}`).join('\n');
  const lines = [fields.join(', '), error.stack ?? ''];
  for (let cause = error.cause, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth++) {
    lines.push(`caused by ${cause.stack ?? cause.message}`);
  }
  return lines.map((it) => `  ${safeLines(it)}`).join('\n');
}
