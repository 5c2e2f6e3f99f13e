import type { Script } from './conversation.ts';

/** Asks for a path again and again on one connection that is kept. `body`: what the answer with this number says. */
export function overHttp(path: string, body: (number: number) => string): Script {
  return {
    ask: () => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n`,
    answered(heard, number) {
      const end = heard.indexOf('\r\n\r\n') + 4;
      if (end < 4) return null;
      const head = heard.slice(0, end);
      if (!/^HTTP\/1\.1 200 /.test(head)) throw new Error(`the answer is ${JSON.stringify(head)}`);
      const length = Number(/^content-length: *(\d+)\r$/im.exec(head)?.[1]);
      if (Number.isNaN(length)) throw new Error(`no length in ${JSON.stringify(head)}`);
      if (heard.length < end + length) return null;
      const said = heard.slice(end, end + length);
      if (said !== body(number)) throw new Error(`answer ${number} is ${JSON.stringify(said.slice(0, 200))}`);
      return end + length;
    },
  };
}
