import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  const folder = mkdtempSync(join(tmpdir(), 'criujs-usage-'));
  try {
    const file = join(folder, 'rss');
    const script = `import{appendFileSync}from'node:fs';process.on('exit',()=>{const u=process.resourceUsage();appendFileSync('${file}',u.maxRSS+' '+(u.userCPUTime+u.systemCPUTime)+'\\n')})`;
    const { code, stdout, stderr } = await criujsCommand([...args, '--json'], {
      env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` },
    });
    const rows = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((row) => row.split(' ').map(Number));
    const { error } = JSON.parse(stdout || `{"error":{"message":${JSON.stringify(stderr)}}}`) as {
      error: Pick<Usage, 'code' | 'message' | 'remedy'>;
    };
    return { exitCode: code, ...error, mostMiB: most(rows, 0) / 1024, cpuMs: most(rows, 1) / 1000 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Each thread that ends reports for the whole process. */
function most(rows: readonly (readonly number[])[], column: number): number {
  return Math.max(...rows.map((row) => row[column] ?? 0));
}
