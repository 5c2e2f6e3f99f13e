import { exitCodeMeanings, exitCodes } from '@criujs/core';
import { Command } from 'commander';
import type { DumpFlags } from './commands/dump.ts';
import type { PlanFlags } from './commands/plan.ts';
import type { RestoreFlags } from './commands/restore.ts';
import type { EngineFlags } from './engine-options.ts';
import { examples } from './examples.ts';
import { createOutput, type Output } from './output.ts';
import { parseNumber } from './run-options.ts';
import { general, withEngine, withEnginePlugins, withFiles, withRecord } from './shared-flags.ts';

/** What the commands of one call share. */
export interface Call {
  readonly cwd: string;
  readonly version: string;
  /** Takes the exit code of the command that ran. */
  readonly finished: (exitCode: number) => void;
}

/** The command line. Commands are read from disk when they are run, so that `--help` is quick. */
export function createProgram({ cwd, version, finished }: Call): Command {
  const program = new Command('criujs')
    .description(
      'Checkpoint and restore Linux processes, with plugins in TypeScript for whatever the engine cannot save itself.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .showHelpAfterError(false)
    .enablePositionalOptions()
    .addHelpText('after', () => `\n${examples.criujs}\n\nExit codes:\n${exitCodeTable()}`);

  withRecord(
    withEnginePlugins(
      withFiles(
        program
          .command('dump')
          .summary('save a process, and all below it, into a directory')
          .description(
            'Saves a process, and all below it, into a directory. Then they end, unless told otherwise. If it fails, or ends by Ctrl-C, they run on as if nothing had been.',
          )
          .requiredOption('-t, --tree <pid>', 'the process at the root of the tree', parseNumber('--tree', 1))
          .requiredOption('-D, --images-dir <directory>', 'where the images go; made if missing')
          .option('-R, --leave-running', 'let the processes run on afterwards')
          .option(
            '--dump-only',
            'the dump is not meant to be restored with these plugins: do not refuse what none of them could bring back',
          )
          .option('-f, --force', 'replace a dump that the directory holds, once the new one is whole'),
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
      program
        .command('restore')
        .summary('bring processes back from a directory')
        .description(
          'Brings processes back from a directory; if it fails, or ends by Ctrl-C, none of them is left. In the foreground: signals go on to the restored root, and its exit code becomes ours (128 + n after signal n).',
        )
        .requiredOption('-D, --images-dir <directory>', 'where the images are')
        .option('-d, --detach', 'leave the restored processes to themselves, and return')
        .option('--new-pids', 'let the kernel choose the pids; needs no right')
        .option('--pidfile <file>', 'write the pid of the restored root there'),
    ),
  )
    .addHelpText('after', `\n${examples.restore}`)
    .action(async (flags: Partial<RestoreFlags> & OutputFlags) => {
      const { restoreCommand } = await import('./commands/restore.ts');
      finished(await restoreCommand(complete(flags), cwd, await outputOf(flags)));
    });

  withEnginePlugins(
    withFiles(
      program
        .command('plan')
        .summary('tell who would save what, and change nothing')
        .description(
          'Tells for each resource of a tree who would save it, or why nobody would. It only looks: nothing is frozen, and plugins are asked what they would claim, not called. Exit code 0 when a dump would find a taker for everything. ' +
            'Under --engine criu only what plugins claim is known beforehand: CRIU itself cannot be asked.',
        )
        .requiredOption('-t, --tree <pid>', 'the process at the root of the tree', parseNumber('--tree', 1)),
    ),
  )
    .addHelpText('after', `\n${examples.plan}`)
    .action(async (flags: Partial<PlanFlags> & OutputFlags) => {
      const { planCommand } = await import('./commands/plan.ts');
      finished(await planCommand(complete(flags), cwd, await outputOf(flags)));
    });

  general(program.command('show').summary('tell what is in a directory of images'))
    .description(
      'Tells what is in a directory of images, of criujs or of CRIU: its processes, their files and who dumped them, and what plugins keep there. ' +
        'It only reads, and trusts nothing that it reads. Exit code 5 when something cannot be read.',
    )
    .argument('<directory>', 'where the images are')
    .addHelpText('after', `\n${examples.show}`)
    .action(async (directory: string, flags: OutputFlags) => {
      const { showCommand } = await import('./commands/show.ts');
      finished(await showCommand(directory, cwd, await outputOf(flags)));
    });

  const plugin = program
    .command('plugin')
    .summary('list the installed plugins, or look into one')
    .description('Commands about plugins.')
    .helpCommand(false)
    .addHelpText('after', `\n${examples.plugin}`);
  general(plugin.command('list').summary('tell which plugins are installed here'))
    .description(
      'Tells which plugins are installed for the project in the current directory: packages with the keyword criu-plugin in node_modules, here or above. ' +
        'To see what is in them, it loads each; no hook is called.',
    )
    .addHelpText('after', `\n${examples.plugin}`)
    .action(async (flags: OutputFlags) => {
      const { pluginListCommand } = await import('./commands/plugin-list.ts');
      finished(await pluginListCommand(cwd, await outputOf(flags)));
    });
  general(plugin.command('inspect').summary('tell what a plugin registers, and where it would load'))
    .description(
      'Tells of a plugin its structure, name, version and hooks, the symbols that it needs, and whether the embedded engine and which releases of CRIU would load it, or why not: ' +
        'of a text in C, a compiled plugin, a module in JavaScript or TypeScript, or an npm package. Nothing of it is run, but for a plugin of today: its module is loaded, and no hook is called. ' +
        'Exit code 4 when it is no plugin, or the embedded engine would not load it.',
    )
    .argument('<plugin>', 'a path (.so, .c, .js, .ts …), or an npm package')
    .addHelpText('after', `\n${examples.plugin}`)
    .action(async (target: string, flags: OutputFlags) => {
      const { pluginInspectCommand } = await import('./commands/plugin-inspect.ts');
      finished(await pluginInspectCommand(target, cwd, await outputOf(flags)));
    });

  general(program.command('run').summary('start a program so that it can be dumped later'))
    .description(
      'Becomes the given program, after it has allowed your other processes to trace it. Ubuntu and others forbid that by default (Yama, ptrace_scope 1); ' +
        'elsewhere it just starts the program. Children of the program are not included. If it cannot be started: 127 not found, 126 not allowed.',
    )
    .argument('<command...>', 'the program and its arguments')
    .passThroughOptions()
    .addHelpText('after', `\n${examples.run}`)
    .action(() => {
      throw new Error('a well-formed run does not come here');
    });

  withEngine(general(program.command('check').summary('tell what this machine and your rights allow')))
    .description(
      'Tries on a small process of its own what this kernel, its filters and your rights allow. Exit code 0 when you can dump your own processes. ' +
        'With --engine criu: which CRIU there is, what its own check says, and which hooks of plugins it calls.',
    )
    .addHelpText('after', `\n${examples.check}`)
    .action(async (flags: Partial<EngineFlags> & OutputFlags) => {
      const { checkCommand } = await import('./commands/check.ts');
      finished(await checkCommand(complete(flags), cwd, await outputOf(flags)));
    });

  return program;
}

interface OutputFlags {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

function outputOf({ json, verbose }: OutputFlags): Promise<Output> {
  return createOutput({ json, verbose });
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
    linkRemap: false,
    dumpOnly: false,
    force: false,
    detach: false,
    newPids: false,
  };
  return { ...absent, ...flags } as F;
}

function exitCodeTable(): string {
  return Object.entries(exitCodes)
    .map(([name, code]) => `  ${String(code).padStart(3)}  ${exitCodeMeanings[name as keyof typeof exitCodes]}`)
    .join('\n');
}
