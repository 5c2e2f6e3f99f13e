import type { Command } from 'commander';
import type { AddFlags } from './commands/plugin-add.ts';
import type { CheckPluginFlags } from './commands/plugin-check.ts';
import { examples } from './examples.ts';
import { type OutputFlags, outputOf } from './output-flags.ts';
import type { Call } from './program.ts';
import { parseNumber } from './run-options.ts';
import { collect, general } from './shared-flags.ts';

/** Declares `criujs plugin` and what is below it. */
export function declarePlugin(program: Command, { cwd, finished }: Pick<Call, 'cwd' | 'finished'>): void {
  const plugin = program
    .command('plugin')
    .summary('find, check, install, list and inspect plugins')
    .description(
      'Commands about plugins. What asks a registry runs your npm, with its registry, proxies and credentials.',
    )
    .helpCommand(false)
    .addHelpText('after', `\n${examples.plugin}`);

  general(plugin.command('list').summary('list the installed plugins'))
    .description(
      'Lists the plugins that --plugin finds by name and that --plugins installed loads: packages with the keyword criu-plugin, in this order of places: ' +
        'the project (node_modules, here or in a parent directory); beside criujs, where that is installed globally for example; ' +
        'the folders for all users: /usr/local/lib/criujs and /usr/lib/criujs, or $CRIUJS_PLUGINS_DIR instead. ' +
        'Of packages with one name the first is used. It reads what their files tell of each; none of their code is run.',
    )
    .addHelpText('after', `\n${examples.plugin}`)
    .action(async (flags: OutputFlags) => {
      const { pluginListCommand } = await import('./commands/plugin-list.ts');
      finished(await pluginListCommand(cwd, await outputOf(flags)));
    });

  general(plugin.command('inspect').summary('show what a plugin registers, and where it would load'))
    .description(
      'Shows the structure, name, version and hooks of a plugin, the symbols that it needs, and whether the embedded engine and which releases of CRIU would load it, or why not. ' +
        'Takes C source, a compiled plugin, a JavaScript or TypeScript module, or an npm package. None of its code is run; what only running it would tell is said. ' +
        'Exit code 4 if it is not a plugin, or the embedded engine would not load it.',
    )
    .argument('<plugin>', 'a path (.so, .c, .js, .ts …), or an npm package')
    .addHelpText('after', `\n${examples.plugin}`)
    .action(async (target: string, flags: OutputFlags) => {
      const { pluginInspectCommand } = await import('./commands/plugin-inspect.ts');
      finished(await pluginInspectCommand(target, cwd, await outputOf(flags)));
    });

  general(plugin.command('search').summary('look for plugins on the registry'))
    .description(
      'Asks the registry that npm is configured with for packages with the keyword criu-plugin. Anybody can publish such a package: check one before you use it.',
    )
    .argument('[word...]', 'what to look for (default: all plugins)')
    .addHelpText('after', `\n${examples.plugin}`)
    .action(async (words: readonly string[], flags: OutputFlags) => {
      const { pluginSearchCommand } = await import('./commands/plugin-search.ts');
      finished(await pluginSearchCommand(words, cwd, await outputOf(flags)));
    });

  general(plugin.command('check').summary('try a plugin in a scratch folder, without rights'))
    .description(
      'Installs a package into a scratch folder without running its scripts, reads its manifest, compares it with its code, and runs the conformance checks of ' +
        '@criujs/plugin-testing in a process of its own: never as root (as nobody instead), with an empty home and a time limit. It shows the plugin what its manifest says that it takes. ' +
        'The scratch folder is removed. The checks say how a plugin behaves, not that it means no harm. Exit code 4 if a check fails, 6 if it cannot be run without rights.',
    )
    .argument('<package>', 'an npm package (criu-plugin-gpu, criu-plugin-gpu@1.2.0), a folder with one, or a .tgz')
    .option('--plugin-option <plugin.key=value>', 'an option of the plugin, as for dump; may be repeated', collect)
    .option('--timeout <seconds>', 'how long all checks may take (default: 120)', parseNumber('--timeout', 1))
    .option(
      '--badge',
      'print the Markdown of a badge with version, result and date on stdout, and the report on stderr',
    )
    .addHelpText('after', `\n${examples.plugin}`)
    .action(async (target: string, flags: Partial<CheckPluginFlags> & OutputFlags) => {
      const { pluginCheckCommand } = await import('./commands/plugin-check.ts');
      finished(await pluginCheckCommand(target, { pluginOption: [], ...flags }, cwd, await outputOf(flags)));
    });

  general(plugin.command('add').summary('install a plugin'))
    .description(
      'Installs a plugin from the registry with the package manager of the project (npm, pnpm, yarn or bun, by the lock file), without running install scripts. ' +
        'A package without the keyword criu-plugin is refused. Then it says what the plugin registers, and what to write to load it.',
    )
    .argument('<package>', 'a name, perhaps with a version: criu-plugin-gpu, criu-plugin-gpu@1.2.0')
    .option('-g, --global', 'beside a criujs that is installed globally, for all projects')
    .option('--system', 'into the folder for all users: /usr/local/lib/criujs, or $CRIUJS_PLUGINS_DIR')
    .addHelpText('after', `\n${examples.plugin}`)
    .action(async (name: string, flags: AddFlags & OutputFlags) => {
      const { pluginAddCommand } = await import('./commands/plugin-add.ts');
      finished(await pluginAddCommand(name, flags, cwd, await outputOf(flags)));
    });

  general(plugin.command('outdated').summary('list installed plugins of which there is a newer version'))
    .description(
      'Compares the installed plugins, wherever criujs plugin list finds them, with the latest versions on the registry. Exit code 1 if one is older.',
    )
    .addHelpText('after', `\n${examples.plugin}`)
    .action(async (flags: OutputFlags) => {
      const { pluginOutdatedCommand } = await import('./commands/plugin-outdated.ts');
      finished(await pluginOutdatedCommand(cwd, await outputOf(flags)));
    });
}
