import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ended } from './command.ts';
import { criujsCommand } from './engines.ts';

/** What a command ended with, and what it took. */
export interface Usage {
  readonly exitCode: number | null;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  /** The most memory that the process had at once, in MiB. getrusage(2). */
  readonly mostMiB: number;
  /** Time of the processor: the load of the machine does not count. */
  readonly cpuMs: number;
}

/** Runs a `criujs` command that must fail, and measures it. */
export async function measured(args: readonly string[]): Promise<Usage> {
  const { ended, ...taken } = await use(args);
  const { error } = JSON.parse(ended.stdout || `{"error":{"message":${JSON.stringify(ended.stderr)}}}`) as {
    error: Pick<Usage, 'code' | 'message' | 'remedy'>;
  };
  return { exitCode: ended.code, ...error, ...taken };
}

/** Runs a `criujs` command that must succeed, and measures it. */
export async function measuredWell(
  args: readonly string[],
): Promise<{ readonly mostMiB: number; readonly result: object }> {
  const { ended, mostMiB } = await use(args);
  if (ended.code !== 0)
    throw new Error(`criujs ${args.join(' ')} ended with ${ended.code}\n${ended.stdout}${ended.stderr}`);
  return { mostMiB, result: JSON.parse(ended.stdout) as object };
}

async function use(args: readonly string[]): Promise<Pick<Usage, 'mostMiB' | 'cpuMs'> & { readonly ended: Ended }> {
  const folder = mkdtempSync(join(tmpdir(), 'criujs-usage-'));
  try {
    const file = join(folder, 'rss');
    const script = `import{appendFileSync}from'node:fs';process.on('exit',()=>{const u=process.resourceUsage();appendFileSync('${file}',u.maxRSS+' '+(u.userCPUTime+u.systemCPUTime)+'\\n')})`;
    const ended = await criujsCommand([...args, '--json'], {
      env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` },
    });
    const rows = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((row) => row.split(' ').map(Number));
    return { ended, mostMiB: most(rows, 0) / 1024, cpuMs: most(rows, 1) / 1000 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Each thread that ends reports for the whole process. */
function most(rows: readonly (readonly number[])[], column: number): number {
  return Math.max(...rows.map((row) => row[column] ?? 0));
}
