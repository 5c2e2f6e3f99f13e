/** Examples under the help of each command. */
export const examples: Readonly<
  Record<'criujs' | 'dump' | 'restore' | 'plan' | 'show' | 'plugin' | 'network' | 'run' | 'check', string>
> = {
  criujs: `Examples:
  criujs check                              what works here?
  criujs dump -t 4242 -D images             save process 4242, and end it
  criujs restore -D images --detach         restore it
  criujs help dump                          all options of one command

Plugins and options may also stand in a criu.config.ts in the current directory:
  import { defineConfig } from '@criujs/core';
  export default defineConfig({ plugins: ['./my-plugin.ts'] });`,
  dump: `Examples:
  criujs dump -t 4242 -D images                      save process 4242 and its descendants, and end them
  criujs dump -t 4242 -D images --leave-running      a backup: they run on
  criujs dump -t 4242 -D images -p ./gpu.ts          ask the plugin for files that the engine cannot save
  criujs dump -t 4242 -D images -p gpu --plugin-option gpu.device=0 --plugin-option gpu.limits.memory=4096
  criujs dump -t 4242 -D images --plugins installed  ask all plugins that are installed
  criujs dump -t 4242 -D images -p ./old-plugin.so   the same with a compiled plugin of CRIU
  criujs dump -t 4242 -D images -p ./gpu.ts --record calls.jsonl
                                                     record what the plugin was asked, for its tests
  criujs dump -t "$(pgrep -n myserver)" -D images --json
  criujs dump -t 4242 -D images --engine criu -p ./gpu.ts
                                                     let an installed CRIU do it, with the same plugin
  criujs dump -t 4242 -D images --external 'pipe[4026]'
                                                     its output goes to somebody else: see restore
  criujs dump -t 4242 -D images --tcp-established
                                                     a server with its connections: clients notice a pause
  criujs dump -t 4242 -D images --engine criu --criu-option ghost-limit=10000000
  criujs dump -t 4242 -D images --engine criu --native-plugin /usr/lib/criu/cuda_plugin.so -p ./gpu.ts`,
  restore: `Examples:
  criujs restore -D images                   in the foreground, as if started from this shell
  criujs restore -D images --detach          in the background
  criujs restore -D images --detach --new-pids --pidfile server.pid
                                             without privileges; the pid goes to a file
  criujs restore -D images --inherit-fd 'fd[1]:pipe:[4026]' | logger
                                             its output goes to another pipe than before
  criujs restore -D images --engine criu -p ./gpu.ts
                                             by an installed CRIU, whichever engine dumped`,
  plan: `Examples:
  criujs plan -t 4242                        can it be dumped, and if not, why?
  criujs plan -t 4242 -p ./gpu.ts            and with this plugin?
  criujs plan -t 4242 -p ./gpu.ts --engine criu
                                             what would the plugin take, and what is left to CRIU?`,
  show: `Examples:
  criujs show images                         who was dumped, which plugins took what, what do they keep?
  criujs show images --json | jq .sections   for machines`,
  plugin: `Examples:
  criujs plugin list                         what can --plugin name here?
  criujs plugin list --json | jq '.plugins[] | select(.error)'
  criujs plugin search gpu                   plugins on the registry
  criujs plugin check criu-plugin-gpu        what does it take, and does it behave?
  criujs plugin check . --badge >> README.md
                                             a badge for your own plugin
  criujs plugin add criu-plugin-gpu          for this project
  criujs plugin add criu-plugin-gpu@2.1.0 --global
                                             for all, beside criujs
  criujs plugin outdated                     which have a newer version?
  criujs plugin inspect ./plugin.so          its hooks, what it needs, and where it would load
  criujs plugin inspect ./plugin.c           the same of its source
  criujs plugin inspect criujs-plugin-gpu    of a package
  criujs plugin inspect ./plugin.so --json | jq '.criu[] | select(.loads)'`,
  network: `Examples:
  criujs network unlock -D images            connections of this dump are not restored here any more`,
  run: `Examples:
  criujs run -- ./server --port 8080
  criujs run -- sh -c 'while :; do date; sleep 1; done'`,
  check: `Examples:
  criujs check
  criujs check -v                            all checks
  criujs check --json | jq .samePids         can restored programs keep their pids?
  criujs check --engine criu                 is there a CRIU, does it work, which hooks does it call?`,
};
