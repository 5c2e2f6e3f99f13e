import { type Command, Option } from 'commander';
import { parseNumber } from './run-options.ts';

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
    .addOption(
      new Option(
        '--plugins <which>',
        'load all plugins that are installed (see criujs plugin list), behind those that are named',
      ).choices(['installed']),
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

/** Of commands that call hooks. */
export function withRecord(command: Command): Command {
  return command.option(
    '--record <file>',
    'record the calls and answers of plugins in this file, to replay in their tests',
  );
}

export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}
