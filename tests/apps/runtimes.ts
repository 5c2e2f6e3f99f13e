import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runWell } from '../../packages/core/test/harness/command.ts';
import { nodeOf } from '../../packages/core/test/harness/nodes.ts';
import type { App, Ground } from './app.ts';
import { overTcp } from './conversation.ts';
import { untilListens } from './ground.ts';
import { overHttp } from './http.ts';

// Servers that count their answers, in languages that have a runtime.

const server: Pick<App, 'ready' | 'load'> = {
  ready: untilListens,
  load: ({ port }) =>
    overTcp(
      port,
      overHttp('/', (number) => `${number}\n`),
    ),
};

function node(version: string, more: Partial<App> = {}): App {
  return {
    ...server,
    name: `Node ${version}, keep-alive`,
    needs: ['npm'],
    packages: ['npm'],
    async prepare({ folder }) {
      writeFileSync(
        join(folder, 'server.mjs'),
        `import { createServer } from 'node:http';
let count = 0;
const server = createServer((_, response) => response.end(\`\${++count}\\n\`));
server.keepAliveTimeout = 600_000;
server.listen(Number(process.argv[2]), '127.0.0.1');
`,
      );
    },
    command({ port }) {
      const bin = nodeOf(version);
      if (bin === null) throw new Error(`npm has no Node ${version}`);
      return [bin, 'server.mjs', `${port}`];
    },
    ...more,
  };
}

const java: App = {
  ...server,
  name: 'java',
  needs: ['java', 'javac'],
  packages: ['default-jdk-headless'],
  async prepare({ folder }) {
    writeFileSync(
      join(folder, 'Server.java'),
      `import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;

public class Server {
  static int count = 0;

  public static void main(String[] args) throws Exception {
    var server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), 0);
    server.createContext("/", exchange -> {
      byte[] answer = (++count + "\\n").getBytes();
      exchange.sendResponseHeaders(200, answer.length);
      try (var body = exchange.getResponseBody()) {
        body.write(answer);
      }
    });
    server.start();
  }
}
`,
    );
    await runWell(['javac', 'Server.java'], { cwd: folder });
  },
  command: ({ port }) => ['java', 'Server', `${port}`],
};

const go: App = {
  ...server,
  name: 'go',
  needs: ['go'],
  packages: ['golang-go'],
  async prepare({ folder }: Ground) {
    writeFileSync(
      join(folder, 'server.go'),
      `package main

import (
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
)

func main() {
	var count atomic.Int64
	http.HandleFunc("/", func(answer http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(answer, "%d\\n", count.Add(1))
	})
	panic(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
`,
    );
    await runWell(['go', 'build', 'server.go'], {
      cwd: folder,
      env: { GOCACHE: join(folder, 'cache'), GO111MODULE: 'off' },
    });
  },
  command: ({ port }) => ['./server', `${port}`],
};

export const runtimes: readonly App[] = [node('20'), node('22'), node('24', { inCi: true }), java, go];
