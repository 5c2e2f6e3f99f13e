import { type HookName, hookTable } from '@criujs/plugin-sdk';
import { describe, expect, test } from 'vitest';
import { compilerMissing, complaints } from './compile.ts';

// Our headers of C against the facts: compiled, and asked by the compiler.

const hooks = Object.entries(hookTable) as [HookName, { number: number }][];

/** The layout on machines of 64 bits, as CRIU reads it from memory. */
const layout = `
#include <stddef.h>
#include "criu-plugin.h"
#include "criu-log.h"
#define IS(what, expected) _Static_assert((what) == (expected), #what)
IS(offsetof(cr_plugin_desc_t, name), 0);
IS(offsetof(cr_plugin_desc_t, init), 8);
IS(offsetof(cr_plugin_desc_t, exit), 16);
IS(offsetof(cr_plugin_desc_t, version), 24);
IS(offsetof(cr_plugin_desc_t, max_hooks), 28);
IS(offsetof(cr_plugin_desc_t, hooks), 32);
IS(sizeof(((cr_plugin_desc_t *)0)->version), 4);
IS(sizeof(((cr_plugin_desc_t *)0)->max_hooks), 4);
IS(sizeof(cr_plugin_desc_t), 32 + 8 * ${hooks.length});
IS(CRIU_PLUGIN_VERSION, 0x200);
IS(CRIU_PLUGIN_VERSION_OLD, 0x100);
IS(CR_PLUGIN_STAGE__DUMP, 0);
IS(CR_PLUGIN_STAGE__PRE_DUMP, 1);
IS(CR_PLUGIN_STAGE__RESTORE, 2);
IS(CR_PLUGIN_HOOK__MAX, ${hooks.length});
${hooks.map(([name, { number }]) => `IS(CR_PLUGIN_HOOK__${name}, ${number});`).join('\n')}
${['MSG', 'ERROR', 'WARN', 'INFO', 'DEBUG'].map((name, number) => `IS(LOG_${name}, ${number});`).join('\n')}
`;

const plugin = `
#define LOG_PREFIX "all: "
#include "criu-log.h"
#include "criu-plugin.h"
static CR_PLUGIN_HOOK__RESTORE_EXT_FILE_t restore;
static int restore(int id, bool *retry_needed)
{
	*retry_needed = true;
	pr_msg("said\\n");
	pr_info("%d\\n", id);
	pr_debug("said\\n");
	pr_err("%d\\n", id);
	pr_warn("said\\n");
	pr_perror("%d", id);
	pr_pwarn("said");
	pr_err_once("said\\n");
	pr_warn_once("%d\\n", id);
	return 0;
}
static int old(int id)
{
	return id;
}
CR_PLUGIN_REGISTER_DUMMY("all")
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_FILE, restore)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_UNIX_SK, old)
`;

const strict = ['-fsyntax-only', '-Wall', '-Wextra', '-Werror'];

describe.skipIf(compilerMissing)(
  `criu-plugin.h and criu-log.h${compilerMissing === null ? '' : ` (${compilerMissing})`}`,
  () => {
    test('have the layout and the numbers that CRIU has', () => {
      expect(complaints([...strict, '-xc', '-std=gnu11', '-'], layout)).toBe('');
      expect(complaints([...strict, '-xc', '-std=gnu11', '-'], `${layout}IS(CR_PLUGIN_HOOK__MAX, 1);`)).toContain(
        'CR_PLUGIN_HOOK__MAX',
      );
    });

    test('take a hook whose number is no constant for the compiler', () => {
      const number = 'static const int number = 2;\nCR_PLUGIN_REGISTER_HOOK(number, old_two)';
      const more = `static int old_two(int id) { return id; }\n${number}`;
      expect(complaints([...strict, '-xc', '-'], `${plugin}${more}`)).toBe('');
    });

    test.each(['gnu99', 'gnu11', 'gnu17'])('compile without a complaint as %s', (standard) => {
      expect(complaints([...strict, '-xc', `-std=${standard}`, '-'], plugin)).toBe('');
    });

    test('refuse a hook behind those that the plugin declares, and behind all', () => {
      const flags = [...strict, '-xc', '-'];
      expect(complaints(flags, plugin.replace('RESTORE_UNIX_SK, old', 'MAX, old'))).toContain('is negative');
      expect(complaints(['-DCRIU_PLUGIN_MAX_HOOKS=4', ...flags], plugin)).toBe('');
      expect(complaints(['-DCRIU_PLUGIN_MAX_HOOKS=3', ...flags], plugin)).toContain('is negative');
    });

    test('find messages that do not fit their arguments', () => {
      expect(complaints([...strict, '-xc', '-'], plugin.replace('pr_info("%d', 'pr_info("%s'))).toContain(
        '-Werror=format',
      );
    });
  },
);
