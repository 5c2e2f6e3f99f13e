/** A plugin in C: what its text tells is what the compiled one tells. */
export interface Sample {
  readonly title: string;
  readonly text: string;
  /** The author's own files beside it. */
  readonly beside?: Readonly<Record<string, string>>;
  /** `HOOK function`, in the order of CRIU's numbers. */
  readonly hooks: readonly string[];
  readonly name?: string | null;
  /** For the compiler. */
  readonly flags?: readonly string[];
  /** `plugin.cpp`, by default `plugin.c`. */
  readonly file?: string;
}

const head = `#include "criu-plugin.h"
static int my_dump(int fildes, int ident) { return fildes + ident; }
static int my_open(int ident) { return ident; }
static int my_pause(int pid) { return -pid; }
`;
const register = 'CR_PLUGIN_REGISTER_DUMMY("sample")\n';
const two = ['DUMP_EXT_FILE my_dump', 'RESTORE_EXT_FILE my_open'];
const three = [...two, 'PAUSE_DEVICES my_pause'];

/** Registrations by macros of the author's, from plain to strange. */
export const samples: readonly Sample[] = [
  {
    title: 'a macro around the registration, with ##',
    text: `${head}#define REG(h, f) CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__##h, f)
${register}REG(DUMP_EXT_FILE, my_dump)
REG(RESTORE_EXT_FILE, my_open)`,
    hooks: two,
  },
  {
    title: 'a list of macros',
    text: `${head}#define HOOKS(X) X(DUMP_EXT_FILE, dump) \\
  X(RESTORE_EXT_FILE, open) /* the other side */ \\
  X(PAUSE_DEVICES, pause)
#define REG(h, f) CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__##h, my_##f)
${register}HOOKS(REG)`,
    hooks: three,
  },
  {
    title: 'a list that is included again and again',
    text: `${head}${register}#define HOOK(h, f) CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__##h, f)
#include "hooks.inc"
#undef HOOK`,
    beside: { 'hooks.inc': 'HOOK(DUMP_EXT_FILE, my_dump)\nHOOK(RESTORE_EXT_FILE, my_open)\n' },
    hooks: two,
  },
  {
    title: 'own headers that include each other',
    text: `#include "criu-plugin.h"
#include "inner/a.h"
#include "inner/a.h"
`,
    beside: {
      'inner/a.h': `#ifndef A_H\n#define A_H\n#include "b.h"\n#include "../all.c"\n${register}REG(DUMP_EXT_FILE, my_dump)\n#endif\n`,
      'inner/b.h': '#pragma once\n#include "a.h"\n#define REG(h, f) CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__##h, f)\n',
      'all.c': head.replace('#include "criu-plugin.h"\n', ''),
    },
    flags: ['-Wno-unused-function'],
    hooks: ['DUMP_EXT_FILE my_dump'],
  },
  {
    title: 'aliases of everything',
    text: `${head}#define REGISTER CR_PLUGIN_REGISTER
#define ADD CR_PLUGIN_REGISTER_HOOK
#define SAVE CR_PLUGIN_HOOK__DUMP_EXT_FILE
#define OPEN 3
#define HANDLER my_dump
#define FAMILY "my"
#define NAME FAMILY "-plugin"
REGISTER(NAME, NULL, NULL)
ADD(SAVE, HANDLER)
ADD(OPEN, my_open)`,
    name: 'my-plugin',
    hooks: two,
  },
  {
    title: 'nested macros, variadic ones, and texts made of words',
    text: `${head}#define STR_(x) #x
#define STR(x) STR_(x)
#define KIND sample plugin
#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
#define REG(h, f) CR_PLUGIN_REGISTER_HOOK(h, f)
#define ONE(p, h, f) REG(CAT(CR_PLUGIN_HOOK__, h), CAT(p, f))
#define PICK(_1, _2, _3, name, ...) name
#define ALL2(h, f, ...) ONE(my_, h, f)
#define ALL(...) ALL2(__VA_ARGS__, end)
#define BOTH(first, rest...) ALL first ALL rest
CR_PLUGIN_REGISTER(STR(KIND), NULL, NULL)
BOTH((DUMP_EXT_FILE, dump), (RESTORE_EXT_FILE, open))
PICK(a, b, c, ALL, x)(PAUSE_DEVICES, pause)`,
    name: 'sample plugin',
    hooks: three,
  },
  {
    title: 'macros that look like themselves',
    text: `${head}#define my_dump my_dump
#define LOOP(x) LOOP(x)
#define CR_PLUGIN_HOOK__DUMP_EXT_FILE CR_PLUGIN_HOOK__DUMP_EXT_FILE
#define f(a) f
${register}CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_FILE, my_dump)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_FILE, my_open)`,
    hooks: two,
  },
  {
    title: 'a function and its registration in one',
    text: `${head}#define HOOK(h, name, ...) static int name(__VA_ARGS__); \\
  CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__##h, name) static int name(__VA_ARGS__)
${register}HOOK(CHECKPOINT_DEVICES, my_checkpoint, int process)
{ return process; }
HOOK(POST_FORKING, my_fork, void) { return 0; }`,
    hooks: ['CHECKPOINT_DEVICES my_checkpoint', 'POST_FORKING my_fork'],
    flags: ['-Wno-unused-function'],
  },
  {
    title: 'conditions that are told',
    text: `${head}#define LEVEL 3
#if LEVEL > 2 && !defined(NEVER_HEARD_OF_IT_) || 0
#define NEVER_HEARD_OF_IT_ 1
#endif
#if defined NEVER_HEARD_OF_IT_ && (LEVEL << 1) == 6
${register}CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_FILE, my_dump)
#elif 1
#error "not so"
#else
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__PAUSE_DEVICES, my_pause)
#endif
#undef LEVEL
#ifdef LEVEL
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__PAUSE_DEVICES, my_pause)
#endif
#if LEVEL_OF_NOTHING_
#endif`,
    hooks: ['DUMP_EXT_FILE my_dump'],
    flags: ['-Wno-unused-function'],
  },
  {
    title: 'hooks that a constructor sets',
    text: `${head}CR_PLUGIN_REGISTER("sample", NULL, NULL)
enum { SAVE = CR_PLUGIN_HOOK__DUMP_EXT_FILE, OPEN };
__attribute__((constructor)) static void set(void)
{
  CR_PLUGIN_DESC.hooks[SAVE] = (void *)my_dump;
  CR_PLUGIN_DESC.hooks[OPEN] = &my_open;
  CR_PLUGIN_DESC.max_hooks = CR_PLUGIN_HOOK__MAX;
}`,
    hooks: two,
    flags: ['-Wno-unused-function'],
  },
  {
    title: 'hooks that init sets, through a pointer',
    text: `${head}static int start(int stage)
{
  cr_plugin_desc_t *desc = &CR_PLUGIN_DESC;
  (void)stage;
  desc->hooks[CR_PLUGIN_HOOK__DUMP_EXT_FILE] = (void *)my_dump;
  (*desc).hooks[CR_PLUGIN_HOOK__PAUSE_DEVICES] = (void *)my_pause;
  desc->max_hooks = CR_PLUGIN_HOOK__MAX;
  return 0;
}
CR_PLUGIN_REGISTER("sample", start, NULL)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_FILE, my_open)`,
    hooks: three,
  },
  {
    title: 'a descriptor with designated initialisers',
    text: `${head}cr_plugin_desc_t CR_PLUGIN_DESC = {
  .name = "written",
  .version = CRIU_PLUGIN_VERSION,
  .max_hooks = CR_PLUGIN_HOOK__MAX,
  .hooks = { [CR_PLUGIN_HOOK__DUMP_EXT_FILE] = (void *)my_dump, (void *)my_open, [10 ... 11] = (void *)my_pause },
};`,
    name: 'written',
    hooks: [...three, 'CHECKPOINT_DEVICES my_pause'],
  },
  {
    title: 'fixed names that macros make',
    text: `#define OLD(name) int cr_plugin_##name
OLD(init)(void) { return 0; }
OLD(dump_file)(int fildes, int ident) { return fildes + ident; }
static int reopen(int ident) { return ident; }
int cr_plugin_restore_file(int ident) __attribute__((alias("reopen")));`,
    name: null,
    hooks: ['DUMP_EXT_FILE cr_plugin_dump_file', 'RESTORE_EXT_FILE cr_plugin_restore_file'],
    flags: ['-Wno-attribute-alias'],
  },
  {
    title: 'C++, in a namespace',
    file: 'plugin.cpp',
    text: `#include "criu-plugin.h"
namespace mine {
static int my_dump(int fildes, int ident) { return fildes + ident; }
}
using mine::my_dump;
#ifdef __cplusplus
extern "C" {
#endif
${register}CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__DUMP_EXT_FILE, my_dump)
#ifdef __cplusplus
}
#endif`,
    hooks: ['DUMP_EXT_FILE my_dump'],
  },
];
