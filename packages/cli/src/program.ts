import { exitCodeMeanings, exitCodes } from '@criujs/core';
import { Command } from 'commander';
import type { DumpFlags } from './commands/dump.ts';
import type { UnlockFlags } from './commands/network-unlock.ts';
import type { PlanFlags } from './commands/plan.ts';
import type { RestoreFlags } from './commands/restore.ts';
import type { EngineFlags } from './engine-options.ts';
import { examples } from './examples.ts';
import { type OutputFlags, outputOf } from './output-flags.ts';
import { declarePlugin } from './plugin-program.ts';
import { parseNumber } from './run-options.ts';
import { general, withEngine, withEnginePlugins, withRecord } from './shared-flags.ts';
import { withStage } from './stage-flags.ts';

/** What the commands of one invocation share. */
export interface Call {
  readonly cwd: string;
  readonly version: string;
  /** Receives the exit code of the command that ran. */
  readonly finished: (exitCode: number) => void;
}

/** The command line. Commands are loaded when they run, so that `--help` is fast. */
export function createProgram({ cwd, version, finished }: Call): Command {
  const program = new Command('criujs')
    .description(
      'Checkpoint and restore Linux processes, with plugins in TypeScript for what the engine cannot save itself.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .showHelpAfterError(false)
    .enablePositionalOptions()
    .addHelpText('after', () => `\n${examples.criujs}\n\nExit codes:\n${exitCodeTable()}`);

  withRecord(
    withEnginePlugins(
      withStage(
        program
          .command('dump')
          .summary('save a process and its descendants into a directory')
          .description(
            'Saves a process and its descendants into a directory, then ends them (unless --leave-running). If it fails, or Ctrl-C stops it, they run on unchanged.',
          )
          .requiredOption('-t, --tree <pid>', 'the process at the root of the tree', parseNumber('--tree', 1))
          .requiredOption('-D, --images-dir <directory>', 'where to write the images; created if missing')
          .option('-R, --leave-running', 'let the processes run on afterwards')
          .option(
            '--dump-only',
            'accept what none of the loaded plugins could restore: this dump is not meant to be restored with them',
          )
          .option('-f, --force', 'replace an existing dump in the directory, once the new one is complete'),
        'dump',
      ),
    ),
  )
    .addHelpText('after', `\n${examples.dump}`)
    .action(async (flags: Partial<DumpFlags> & OutputFlags) => {
      const { dumpCommand } = await import('./commands/dump.ts');
      finished(await dumpCommand(complete(flags), cwd, await outputOf(flags)));
    });

  withRecord(
    withEnginePlugins(
      withStage(
        program
          .command('restore')
          .summary('restore processes from a directory')
          .description(
            'Restores processes from a directory; if it fails, or Ctrl-C stops it, none of them is left. In the foreground it forwards signals to the restored root and exits with its exit code (128 + n after signal n).',
          )
          .requiredOption('-D, --images-dir <directory>', 'where the images are')
          .option('-d, --detach', 'return and leave the restored processes running in the background')
          .option(
            '--trust-images',
            'restore with your own rights what another user could have written, credentials and all',
          )
          .option('--pidfile <file>', 'write the pid of the restored root to this file'),
        'restore',
      ),
    ),
  )
    .addHelpText('after', `\n${examples.restore}`)
    .action(async (flags: Partial<RestoreFlags> & OutputFlags) => {
      const { restoreCommand } = await import('./commands/restore.ts');
      finished(await restoreCommand(complete(flags), cwd, await outputOf(flags)));
    });

  withEnginePlugins(
    withStage(
      program
        .command('plan')
        .summary('show who would save what, without changing anything')
        .description(
          'Shows for each resource of a tree who would save it, or why nobody would. It only looks: it freezes nothing, and asks plugins what they would claim without calling their hooks. Exit code 0 if a dump would find a taker for everything. ' +
            'With --engine criu only what plugins claim is known in advance: CRIU itself cannot be asked.',
        )
        .requiredOption('-t, --tree <pid>', 'the process at the root of the tree', parseNumber('--tree', 1)),
      'dump',
    ),
  )
    .addHelpText('after', `\n${examples.plan}`)
    .action(async (flags: Partial<PlanFlags> & OutputFlags) => {
      const { planCommand } = await import('./commands/plan.ts');
      finished(await planCommand(complete(flags), cwd, await outputOf(flags)));
    });

  general(program.command('show').summary('show what is in an image directory'))
    .description(
      'Shows what is in an image directory of criujs or CRIU: its processes, their files and who dumped them, and the data of plugins. ' +
        'It only reads, and trusts nothing that it reads. Exit code 5 if something cannot be read.',
    )
    .argument('<directory>', 'where the images are')
    .addHelpText('after', `\n${examples.show}`)
    .action(async (directory: string, flags: OutputFlags) => {
      const { showCommand } = await import('./commands/show.ts');
      finished(await showCommand(directory, cwd, await outputOf(flags)));
    });

  const network = program
    .command('network')
    .summary('let packets of dumped TCP connections pass again')
    .description('Commands about the network of a dump.')
    .helpCommand(false)
    .addHelpText('after', `\n${examples.network}`);
  general(network.command('unlock').summary('let packets of dumped TCP connections pass again'))
    .description(
      'Packets of TCP connections are dropped from the dump that ended their program (--tcp-established) until its restore. This lets them pass again ' +
        'if the program is not to be restored on this machine: peers that send something are told that the connections are gone.',
    )
    .requiredOption('-D, --images-dir <directory>', 'where the images are')
    .addHelpText('after', `\n${examples.network}`)
    .action(async (flags: UnlockFlags & OutputFlags) => {
      const { networkUnlockCommand } = await import('./commands/network-unlock.ts');
      finished(await networkUnlockCommand(flags, cwd, await outputOf(flags)));
    });

  declarePlugin(program, { cwd, finished });

  general(program.command('run').summary('start a program so that it can be dumped later'))
    .description(
      'Allows your other processes to trace it, then becomes the given program. Ubuntu and others forbid such tracing by default (Yama, ptrace_scope 1); ' +
        'elsewhere this just starts the program. It does not apply to children of the program. Exit code if it cannot be started: 127 not found, 126 not allowed.',
    )
    .argument('<command...>', 'the program and its arguments')
    .passThroughOptions()
    .addHelpText('after', `\n${examples.run}`)
    .action(() => {
      throw new Error('a well-formed run does not come here');
    });

  withEngine(general(program.command('check').summary('show what this machine and your rights allow')))
    .description(
      'Tests on a small process of its own what this kernel, its filters and your rights allow. Exit code 0 if you can dump your own processes. ' +
        'With --engine criu: which CRIU is installed, what its own check reports, and which plugin hooks it calls.',
    )
    .addHelpText('after', `\n${examples.check}`)
    .action(async (flags: Partial<EngineFlags> & OutputFlags) => {
      const { checkCommand } = await import('./commands/check.ts');
      finished(await checkCommand(complete(flags), cwd, await outputOf(flags)));
    });

  return program;
}

/** Fills in what was not given. A flag without a default keeps the help free of `(default: false)`. */
function complete<F extends object>(flags: Partial<F>): F {
  const absent = {
    plugin: [],
    pluginOption: [],
    criuOption: [],
    nativePlugin: [],
    actionScript: [],
    config: true,
    leaveRunning: false,
    dumpOnly: false,
    force: false,
    detach: false,
    trustImages: false,
  };
  return { ...absent, ...flags } as F;
}

function exitCodeTable(): string {
  return Object.entries(exitCodes)
    .map(([name, code]) => `  ${String(code).padStart(3)}  ${exitCodeMeanings[name as keyof typeof exitCodes]}`)
    .join('\n');
}
