/** Numbers of linux/netfilter/nf_tables.h, linux/netfilter/nfnetlink.h and linux/netfilter.h. */

/** NFNL_SUBSYS_NFTABLES, and the messages that enclose a batch. */
export const subsystem = 10;
export const batchMessage = { begin: 0x10, end: 0x11 } as const;

/** NFT_MSG_*, in the subsystem of nf_tables. */
export const message = { newTable: 0, deleteTable: 2, newChain: 3, newRule: 6, newSet: 9, newElements: 12 } as const;

/** NFPROTO_*: tables of `inet` see packets of both families. */
export const protocol = { inet: 1, ipv4: 2, ipv6: 10 } as const;
/** IPPROTO_TCP of ip(7). */
export const tcp = 6;

/** NFTA_* of each message. */
export const tableAttribute = { name: 1 } as const;
export const chainAttribute = { table: 1, name: 3, hook: 4, policy: 5, type: 7 } as const;
export const hookAttribute = { number: 1, priority: 2 } as const;
export const ruleAttribute = { table: 1, chain: 2, expressions: 4 } as const;
export const setAttribute = { table: 1, name: 2, flags: 3, keyType: 4, keyLength: 5, id: 10 } as const;
export const elementsAttribute = { table: 1, set: 2, elements: 3, setId: 4 } as const;
export const elementAttribute = { key: 1 } as const;
export const listElement = 1;
export const expressionAttribute = { name: 1, data: 2 } as const;
export const dataAttribute = { value: 1, verdict: 2 } as const;
export const verdictAttribute = { code: 1 } as const;

/** NFTA_* of expressions, and what they do. */
export const metaAttribute = { register: 1, key: 2 } as const;
export const metaKey = { mark: 3, family: 15, transport: 16 } as const;
export const compareAttribute = { register: 1, operation: 2, data: 3 } as const;
export const compareEqual = 0;
export const payloadAttribute = { register: 1, base: 2, offset: 3, length: 4 } as const;
export const payloadBase = { network: 1, transport: 2 } as const;
export const bitwiseAttribute = { source: 1, register: 2, length: 3, mask: 4, xor: 5 } as const;
export const lookupAttribute = { set: 1, register: 2, setId: 4 } as const;
export const immediateAttribute = { register: 1, data: 2 } as const;

/** NFT_REG_VERDICT, and NFT_REG32_00, the first register of 4 bytes. */
export const verdictRegister = 0;
export const firstRegister = 8;
/** NF_DROP and NF_ACCEPT. */
export const verdict = { drop: 0, accept: 1 } as const;
/** NF_INET_LOCAL_IN and NF_INET_LOCAL_OUT. */
export const hook = { input: 1, output: 3 } as const;

/** How `nft` names the types of a set's keys; several are joined with 6 bits each. nftables' datatype.h */
export const keyType = { ipv4: 7, ipv6: 8, port: 13, bits: 6 } as const;
