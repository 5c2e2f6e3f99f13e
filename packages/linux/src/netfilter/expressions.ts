import { attribute, nest, number, text } from './attributes.ts';
import * as nf from './numbers.ts';

/** One expression of a rule: a packet that it does not match leaves the rule. nft(8), "EXPRESSIONS" */
export type Expression = Buffer;

/** Takes a fact of the packet into a register. */
export function meta(key: keyof typeof nf.metaKey, register: number = nf.firstRegister): Expression {
  return expression('meta', number(nf.metaAttribute.register, register), number(nf.metaAttribute.key, nf.metaKey[key]));
}

/** Takes bytes of a header into registers, one for each 4 bytes. */
export function payload(
  base: keyof typeof nf.payloadBase,
  { offset, length }: { readonly offset: number; readonly length: number },
  register: number = nf.firstRegister,
): Expression {
  return expression(
    'payload',
    number(nf.payloadAttribute.register, register),
    number(nf.payloadAttribute.base, nf.payloadBase[base]),
    number(nf.payloadAttribute.offset, offset),
    number(nf.payloadAttribute.length, length),
  );
}

/** Goes on where a register has these bytes. */
export function equals(bytes: Uint8Array, register: number = nf.firstRegister): Expression {
  return expression(
    'cmp',
    number(nf.compareAttribute.register, register),
    number(nf.compareAttribute.operation, nf.compareEqual),
    nest(nf.compareAttribute.data, attribute(nf.dataAttribute.value, bytes)),
  );
}

/** Leaves only these bits of a register. */
export function mask(bits: Uint8Array, register: number = nf.firstRegister): Expression {
  return expression(
    'bitwise',
    number(nf.bitwiseAttribute.source, register),
    number(nf.bitwiseAttribute.register, register),
    number(nf.bitwiseAttribute.length, bits.length),
    nest(nf.bitwiseAttribute.mask, attribute(nf.dataAttribute.value, bits)),
    nest(nf.bitwiseAttribute.xor, attribute(nf.dataAttribute.value, new Uint8Array(bits.length))),
  );
}

/** Goes on where the registers from the first on are in a set. */
export function isIn(set: { readonly name: string; readonly id: number }): Expression {
  return expression(
    'lookup',
    text(nf.lookupAttribute.set, set.name),
    number(nf.lookupAttribute.register, nf.firstRegister),
    number(nf.lookupAttribute.setId, set.id),
  );
}

/** Decides about the packet. */
export function decide(verdict: keyof typeof nf.verdict): Expression {
  return expression(
    'immediate',
    number(nf.immediateAttribute.register, nf.verdictRegister),
    nest(
      nf.immediateAttribute.data,
      nest(nf.dataAttribute.verdict, number(nf.verdictAttribute.code, nf.verdict[verdict])),
    ),
  );
}

function expression(name: string, ...data: readonly Buffer[]): Expression {
  return nest(nf.listElement, text(nf.expressionAttribute.name, name), nest(nf.expressionAttribute.data, ...data));
}
