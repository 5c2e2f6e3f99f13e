import { describe, expect, test } from 'vitest';
import { pretendFiles } from '../../../test/inspect/pretend-files.ts';
import { inspectC } from './read-c.ts';

const read = (text: string, beside: Readonly<Record<string, string>> = {}): ReturnType<typeof inspectC> =>
  inspectC(text, '/home/me/plugin.c', pretendFiles(beside));
const hooksOf = ({ hooks }: ReturnType<typeof inspectC>): readonly string[] => hooks.map((it) => it.hook);

const register = 'CR_PLUGIN_REGISTER_DUMMY("sample")\n';
const dump = 'CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_FILE, dump)\n';

describe('what is not followed makes it incomplete, with its place', () => {
  test.each([
    [
      'a hook that is not told',
      'CR_PLUGIN_REGISTER_HOOK(chosen, f)',
      /^which hook is registered in plugin\.c:3 cannot be told$/,
    ],
    [
      'an index that is not told',
      'void f(int i) {\nCR_PLUGIN_DESC.hooks[i] = g; }',
      /^plugin\.c:4 sets a hook, and which one cannot be told$/,
    ],
    [
      'a loop over a table',
      'int start(int s) { cr_plugin_desc_t *d = &CR_PLUGIN_DESC;\nfor (int i = 0; i < 9; i++) d->hooks[i] = table[i]; }',
      /^plugin\.c:4 sets a hook/,
    ],
    [
      'a function that is given the number',
      'static void set(int i, void *f) {\nCR_PLUGIN_DESC.hooks[i] = f; }\nvoid go(void) { set(2, dump); }',
      /^plugin\.c:4 sets a hook/,
    ],
    [
      'a copy of a list',
      'void f(void) { memcpy(CR_PLUGIN_DESC.hooks, table, sizeof(table)); }',
      /plugin\.c:3 does with hooks is not followed/,
    ],
    [
      'a copy of all of it',
      'void f(void) { CR_PLUGIN_DESC = other; }',
      /plugin\.c:3 does with CR_PLUGIN_DESC is not followed/,
    ],
    [
      'a function from elsewhere',
      'void f(void) { fill(&CR_PLUGIN_DESC); }',
      /plugin\.c:3 does with CR_PLUGIN_DESC is not followed/,
    ],
    [
      'a pointer that goes elsewhere',
      'void f(void) { cr_plugin_desc_t *d = &CR_PLUGIN_DESC; fill(d); }',
      /plugin\.c:3 does with d is not followed/,
    ],
    [
      'a pointer into the list that moves',
      'void f(void) { void **h = CR_PLUGIN_DESC.hooks; *h++ = dump; }',
      /plugin\.c:3 does with h is not followed/,
    ],
    [
      'a header that is not there',
      '#include "gpu.h"',
      /^#include "gpu\.h" in plugin\.c:3 was not read \(it is not beside the source\): it may register hooks$/,
    ],
    [
      'an include whose name is not told',
      '#include WHICH',
      /^#include "\?" in plugin\.c:3 was not read \(its name cannot be told\)/,
    ],
    [
      'a macro of a strange header',
      '#include <gpu/plugin.h>\nGPU_HOOKS(dump, restore);',
      /^GPU_HOOKS in plugin\.c:4 is a macro of a header that was not read: it may register hooks$/,
    ],
    [
      'assembly',
      '__asm__(".globl cr_plugin_dump_file\\ncr_plugin_dump_file: ret");',
      /^the assembly in plugin\.c:3 is not followed$/,
    ],
    [
      'a number that is not told in a list',
      'cr_plugin_desc_t *p; enum { A = sizeof(int) };\nvoid f(void) { p->hooks[A] = dump; }',
      /^plugin\.c:4 sets a hook/,
    ],
  ])('%s', (_, text, note) => {
    const found = read(`${register}${dump}${text}`);
    expect(found.complete).toBe(false);
    expect(found.notes).toContainEqual(expect.stringMatching(note));
    expect(hooksOf(found)).toEqual(['DUMP_EXT_FILE']);
  });

  test('a descriptor whose list is made elsewhere', () => {
    const found = read('cr_plugin_desc_t CR_PLUGIN_DESC = DESCRIPTOR("a", dump);');
    expect(found).toMatchObject({
      complete: false,
      name: null,
      notes: [expect.stringMatching(/^CR_PLUGIN_DESC in plugin\.c:1 is not written out$/), expect.anything()],
    });
  });
});

describe('what cannot register anything leaves it complete', () => {
  test.each([
    [
      'macros of system headers',
      '#include <sys/queue.h>\n#include "criu-log.h"\nLIST_HEAD(head, entry);\nSLIST_HEAD(a, b) all;',
    ],
    ['macros in functions', '#include <gpu/plugin.h>\nint f(void) { GPU_HOOKS(1); return 0; }'],
    [
      'what C itself has',
      '#include <gpu/plugin.h>\n_Static_assert(1, "it is");\n__attribute__((unused)) static int x;\n__asm__("nop");',
    ],
    [
      'declarations with macros in them',
      '#include <gpu/plugin.h>\nstatic GPU_INLINE int f(int a) GPU_PURE(1);\nint (*pointer)(int);',
    ],
    [
      'reading the descriptor',
      'int f(void) { return CR_PLUGIN_DESC.hooks[0] == 0 && sizeof(CR_PLUGIN_DESC) > 1 && CR_PLUGIN_DESC.max_hooks; }',
    ],
    ['hooks of something else', 'void f(struct ops *o, int i) { o->hooks[i] = g; }'],
    ['the name in a text', 'void *f(void *h) { return dlsym(h, "CR_PLUGIN_DESC"); }'],
  ])('%s', (_, text) => {
    expect(read(`${register}${dump}${text}`)).toMatchObject({ complete: true, notes: [] });
  });
});

describe('pointers to the descriptor are followed', () => {
  test.each([
    [
      'through a function of the same program',
      'static void set(cr_plugin_desc_t *it) { it->hooks[10] = pause; }\nvoid f(void) { set(&CR_PLUGIN_DESC); }',
    ],
    [
      'into a parameter of another type',
      'static void set(void *p, struct my_desc *it) { it->hooks[10] = pause; }\nvoid f(void) { set(0, &CR_PLUGIN_DESC); }',
    ],
    [
      'to its list',
      'void f(void) { void **list = CR_PLUGIN_DESC.hooks; list[CR_PLUGIN_HOOK__PAUSE_DEVICES] = (void *)pause; }',
    ],
    ['in parentheses', 'void f(void) { (&CR_PLUGIN_DESC)->hooks[5 * 2] = pause; }'],
    [
      'where nobody was declared',
      'static cr_plugin_desc_t *all = &CR_PLUGIN_DESC;\nvoid f(void) { if (all) (*all).hooks[(int)10] = &pause; }',
    ],
  ])('%s', (_, text) => {
    const found = read(`${register}${dump}${text}`);
    expect(found.complete).toBe(true);
    expect(hooksOf(found)).toEqual(['DUMP_EXT_FILE', 'PAUSE_DEVICES']);
    expect(found.notes).toContainEqual(
      expect.stringMatching(/define CRIU_PLUGIN_MAX_HOOKS, or CRIU does not see them$/),
    );
    expect(read(`${register}${dump}${text}\nvoid g(void) { CR_PLUGIN_DESC.max_hooks = 15; }`).notes).toEqual([
      expect.stringMatching(/^pause is set as a hook by code, in plugin\.c:\d: it may depend on what the code finds$/),
    ]);
  });

  test('a hook that is taken away is none', () => {
    expect(hooksOf(read(`${register}void f(void) { CR_PLUGIN_DESC.hooks[2] = NULL; }`))).toEqual([]);
  });
});

describe('conditions that are not told', () => {
  test('both ways are looked at, also where they change a macro', () => {
    const found = read(`#ifdef QUIET
#define REG(h, f)
#else
#define REG(h, f) CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__##h, f)
#endif
${register}REG(DUMP_EXT_FILE, dump)`);
    expect(hooksOf(found)).toEqual(['DUMP_EXT_FILE']);
    expect(found).toMatchObject({
      complete: true,
      notes: ['DUMP_EXT_FILE depends on `#ifdef QUIET` (plugin.c:1): it was taken'],
    });
  });

  test('of a name and of its else the first is taken, and said', () => {
    const found = read(`#if API > 2 && defined(NEW)
CR_PLUGIN_REGISTER_DUMMY("new")
#else
CR_PLUGIN_REGISTER_DUMMY("old")
#endif`);
    expect(found).toMatchObject({
      name: 'new',
      complete: true,
      notes: [
        expect.stringMatching(
          /^what it is depends on `#if API > 2 && defined\(NEW\)` \(plugin\.c:1\)( and .*)?: "new" was taken$/,
        ),
      ],
    });
  });

  test('what changes nothing is not said', () => {
    const found = read(`#ifndef LOG_PREFIX
#define LOG_PREFIX "x"
#endif
#ifdef DEBUG
#define debug(...) printf(__VA_ARGS__)
#else
#define debug(...)
#endif
#if !defined(SOMETHING) || __has_include(<x.h>)
static int a;
#endif
${register}${dump}int f(void) { debug("x"); return 0; }`);
    expect(found).toMatchObject({ complete: true, notes: [] });
  });

  test('a way that is an error is none', () => {
    const found = read(`#ifndef HAVE_GPU
#error "no GPU"
#endif
${register}${dump}`);
    expect(found).toMatchObject({ complete: true, notes: [] });
    expect(() => read('#error "never"\n')).toThrow(/refuses in line 1 to be compiled so: #error "never"/);
  });

  test('the same question has the same answer', () => {
    const found = read(`#ifdef A
${register}#endif
#ifndef A
CR_PLUGIN_REGISTER("other", a, b)
#endif
#if defined(A)
${dump}#endif`);
    expect(found).toMatchObject({ name: 'sample', init: { name: 'a' } });
    expect(hooksOf(found)).toEqual(['DUMP_EXT_FILE']);
  });

  test('too many of them make it incomplete where they matter', () => {
    const many = Array.from({ length: 12 }, (_, index) => `#ifdef C${index}\n#define D${index}\n#endif`).join('\n');
    expect(read(`${many}\n${register}${dump}`)).toMatchObject({ complete: true, notes: [] });
    const found = read(`${many}\n${register}#ifdef D11\n${dump}#endif`);
    expect(found.complete).toBe(false);
    expect(found.notes[0]).toBe(
      'it has 13 conditions that cannot be told here, and not every combination of them was looked at',
    );
    expect(hooksOf(found)).toEqual(['DUMP_EXT_FILE']);
  });
});

describe('headers', () => {
  test('from inside of CRIU are told, with line and what to do', () => {
    const found = read(
      `#include "criu-plugin.h"\n#include "util.h"\n#include "common/list.h"\n#include <stdio.h>\n${register}`,
      {
        'xmalloc.h': '',
      },
    );
    expect(found).toMatchObject({
      complete: true,
      internalHeaders: [
        { header: 'util.h', file: 'plugin.c', line: 2 },
        { header: 'common/list.h', file: 'plugin.c', line: 3 },
      ],
      notes: [
        expect.stringMatching(
          /headers from inside of CRIU, which no release installs: "util\.h" \(plugin\.c:2\), "common\/list\.h" \(plugin\.c:3\)\..*-I criu\/include.*in a port write anew/,
        ),
      ],
    });
  });

  test('of the author’s are read first, whatever their name', () => {
    const found = read('#include "util.h"\n#include <mine.h>\n', { 'util.h': register, 'mine.h': dump });
    expect(found).toMatchObject({ internalHeaders: [], complete: true, notes: [] });
    expect(hooksOf(found)).toEqual(['DUMP_EXT_FILE']);
  });

  test('that include themselves without an end are read so far', () => {
    const found = read(`${register}#include "a.h"\n`, { 'a.h': `${dump}#include "a.h"\n#include "a.h"\n` });
    expect(found.complete).toBe(false);
    expect(found.notes).toContainEqual(
      expect.stringMatching(/^#include "a\.h" in a\.h:2 was not read \(too many files include each other\)/),
    );
    expect(hooksOf(found)).toEqual(['DUMP_EXT_FILE']);
  });
});

test('parameters have the names that the author gave them', () => {
  const found = read(`${register}${dump}CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__UPDATE_VMA_MAP, update)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__POST_FORKING, forked)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__PAUSE_DEVICES, elsewhere)
static int dump(int, int);
static int dump(int fildes, __attribute__((unused)) int ident) { return 0; }
int update(const char *where, const uint64_t addr, uint64_t, uint64_t new_pgoff[1], int *fd) { return 0; }
int forked(void) { return 0; }`);
  expect(found.hooks.map((it) => it.parameters)).toEqual([
    ['fildes', 'ident'],
    ['where', 'addr', '', 'new_pgoff', 'fd'],
    null,
    [],
  ]);
});

test.each([
  [
    'that double',
    Array.from({ length: 40 }, (_, index) => `#define M${index + 1}(x) M${index}(x) M${index}(x)`).join('\n'),
    '#define M0(x) x',
    'M40(1)',
  ],
  ['of arguments in arguments', '#define F(x) x x', '', `${'F('.repeat(60)}1${')'.repeat(60)}`],
  ['that call themselves through each other', '#define A(x) B(x) B(x)', '#define B(x) A(x) A(x)', 'A(A(A(A(1))))'],
  ['that have no end', '#define F(x) x', '', 'F('.repeat(50_000)],
  ['that are pasted from very many words', '#define P(x, ...) x##__VA_ARGS__', '', `P(${'a,'.repeat(100_000)}b)`],
])('macros %s do not keep it long', (_, first, second, use) => {
  const found = read(`${first}\n${second}\n${register}${dump}int x = { ${use}`);
  expect(hooksOf(found)).toEqual(['DUMP_EXT_FILE']);
});

test('the devices that it names are told', () => {
  const text = `static const char *a = "/dev/" "radio", *b = "/dev/kfd", *c[] = { "/dev/dri/renderD128", "/dev/null", "/dev/kfd" };`;
  expect(read(`${register}${dump}${text}`).devices).toEqual(['/dev/kfd', '/dev/dri/renderD128']);
});

test.each([
  ['conditions', (index: number) => `#ifdef A${index}\n#define B${index}\n#endif\n`],
  [
    'hooks',
    (index: number) =>
      `CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__X${index}, f${index})\nint f${index}(int a) { return a; }\n`,
  ],
  [
    'hooks under conditions',
    (index: number) => `#ifdef A${index}\nCR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__X${index}, f)\n#endif\n`,
  ],
  [
    'assignments',
    (index: number) => `void f${index}(cr_plugin_desc_t *d) { d->hooks[${index}] = f; CR_PLUGIN_DESC.hooks[i] = g }\n`,
  ],
])('ten thousand %s do not keep it long', (_, line) => {
  const text = Array.from({ length: 10_000 }, (__, index) => line(index)).join('');
  expect(hooksOf(read(`${register}${dump}${text}`))).toContain('DUMP_EXT_FILE');
});
