import type { InheritedFd } from '@criujs/core';
import { type Command, Option } from 'commander';
import { parseInherited } from './parse-inherited.ts';
import { parseNumber } from './run-options.ts';
import { parseSize } from './units.ts';

// Flags that several commands have.

/** Flags of every command. */
export function general(command: Command): Command {
  return command
    .option('--json', 'print one JSON object on stdout instead of text, for errors too')
    .option('-v, --verbose', 'print plugin logs, phases and, on an error, its stack');
}

/** And of those that load plugins. */
function withPlugins(command: Command): Command {
  return general(command)
    .option(
      '-p, --plugin <plugin>',
      'a plugin: an npm package, or a path to .ts, .js, or .so (a compiled CRIU plugin); may be repeated, asked in this order',
      collect,
    )
    .option(
      '--plugin-option <plugin.key=value>',
      'an option of a plugin: key may be nested (limits.memory), value is JSON (5, true, [1]) or text; may be repeated',
      collect,
    )
    .option(
      '--hook-deadline <ms>',
      'how long one call of a plugin may take (default: 10000)',
      parseNumber('--hook-deadline', 1),
    )
    .option('--config <file>', 'read this configuration (default: criu.config.ts in the current directory, if present)')
    .option('--no-config', 'read no configuration');
}

/** Which engine. */
export function withEngine(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--engine <engine>',
        'who does the work: our own engine, or an installed CRIU (default: embedded)',
      ).choices(['embedded', 'criu']),
    )
    .option('--criu-bin <file>', 'the program criu: a path, or a name in PATH (default: criu)');
}

/** What CRIU takes. */
function withCriu(command: Command): Command {
  return withEngine(command)
    .option(
      '--criu-option <name[=value]>',
      "an option of CRIU's RPC, by CRIU's name or a descriptive one: tcp-established, external-mounts=KEY:PATH; may be repeated",
      collect,
    )
    .addOption(
      new Option(
        '--manage-cgroups [mode]',
        'how CRIU treats control groups, and makes those that are missing; our own engine joins those that exist',
      )
        .choices(['none', 'props', 'soft', 'full', 'strict', 'ignore'])
        .preset('soft'),
    )
    .option(
      '--native-plugin <file>',
      'a compiled CRIU plugin, such as cuda_plugin.so, to load beside yours; may be repeated',
      collect,
    )
    .option(
      '--action-script <file>',
      "run this program at each of CRIU's steps, as criu does; may be repeated",
      collect,
    );
}

/** Of commands that work with an engine and plugins. */
export function withEnginePlugins(command: Command): Command {
  return withCriu(withPlugins(command));
}

/** Of commands about a dump: what it may do about files that have lost their name, or are locked. */
export function withFiles(command: Command): Command {
  return command
    .option(
      '--ghost-limit <size>',
      'keep deleted files of up to this size in the images: bytes, or 64K, 8M, 1G (default: 1M)',
      parseSize('--ghost-limit'),
    )
    .option(
      '--link-remap',
      'give a file that lost its name, and has others, a new one beside it (link_remap.N), which the restore removes',
    )
    .option('--file-locks', 'keep the locks and leases of files, which a restore with --file-locks takes again')
    .option(
      '-j, --shell-job',
      'allow a terminal that is shown by a program outside of the tree, as a job of a shell has it',
    )
    .option('--ext-unix-sk', 'allow datagram sockets that lead to names outside of the tree, such as /dev/log')
    .option(
      '--tcp-established',
      'keep established TCP connections; their packets are dropped until a restore with --tcp-established, or `criujs network unlock`',
    )
    .option('--tcp-close', 'take TCP connections as closed ones')
    .option('--skip-in-flight', 'leave TCP connections out that wait to be accepted')
    .addOption(
      new Option(
        '--network-lock <method>',
        'how packets of connections are dropped (default: nftables; iptables: with --engine criu only); skip: you have seen to it',
      ).choices(['iptables', 'nftables', 'skip']),
    )
    .option(
      '--external <type[id]>',
      'leave a resource to whoever restores: pipe[INO] is a pipe with an end outside of the tree; may be repeated',
      collect,
    );
}

/** Of a restore: what takes the place of files. */
export function withInherited(command: Command): Command {
  return command.option(
    '--inherit-fd <fd[N]:file>',
    'put descriptor N of this command in the place of a file: pipe:[INO], or a path; may be repeated',
    (text, previous: readonly InheritedFd[] = []) => [...previous, parseInherited(text)],
  );
}

/** Of commands that call hooks. */
export function withRecord(command: Command): Command {
  return command.option(
    '--record <file>',
    'record the calls and answers of plugins in this file, to replay in their tests',
  );
}

function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}
