import type { Program } from 'acorn';
import { nameOf } from './names.ts';

/** What has to be known of a whole module before its parts can be read. */
export interface Survey {
  /** How often it says `exports`, inside of functions too. */
  readonly exports: number;
  /** Variables that are assigned again somewhere. */
  readonly assigned: ReadonlySet<string>;
  /** Variables whose objects may be changed somewhere: a member is set, a method called, or a function gets them. */
  readonly changed: ReadonlySet<string>;
}

interface SomeNode {
  readonly type: string;
  readonly name?: unknown;
  readonly computed?: unknown;
  readonly object?: SomeNode;
  readonly left?: SomeNode;
  readonly argument?: SomeNode;
  readonly callee?: SomeNode;
  readonly arguments?: readonly SomeNode[];
}

/** Functions that leave what they get as it is. */
const harmless = /^(Object\.freeze|(.*\.)?(definePlugin|hook|__importDefault|__importStar))$/;

export function survey(program: Program): Survey {
  let exports = 0;
  const assigned = new Set<string>();
  const changed = new Set<string>();
  const nodes: unknown[] = [program];
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    if (isNode(node)) look(node);
    if (typeof node !== 'object' || node === null) continue;
    for (const value of Object.values(node)) if (typeof value === 'object' && value !== null) nodes.push(value);
  }
  return { exports, assigned, changed };

  function look({ type, name, computed, object, left, argument, callee, arguments: args = [] }: SomeNode): void {
    if (type === 'Identifier' && name === 'exports') exports += 1;
    // `module['exports']`, and what may be that.
    if (type === 'MemberExpression' && computed === true && object?.name === 'module') exports += 1;
    if (type === 'AssignmentExpression') write(left);
    if (type === 'UpdateExpression') write(argument);
    if (type !== 'CallExpression') return;
    const called = nameOf(callee) ?? '';
    if (called.includes('.')) changed.add(rootOf(called));
    if (!harmless.test(called)) for (const it of args) if (it.type === 'Identifier') changed.add(String(it.name));
  }

  function write(target: SomeNode | undefined): void {
    if (target?.type === 'Identifier') assigned.add(String(target.name));
    let owner: unknown = target;
    // Also where the member's name is computed.
    while (isNode(owner) && owner.type === 'MemberExpression') owner = (owner as unknown as { object: unknown }).object;
    const name = isNode(owner) ? nameOf(owner) : null;
    if (name !== null && owner !== target) changed.add(rootOf(name));
  }
}

function isNode(value: unknown): value is SomeNode {
  return typeof value === 'object' && value !== null && typeof (value as SomeNode).type === 'string';
}

function rootOf(name: string): string {
  return name.split('.', 1)[0] ?? name;
}
