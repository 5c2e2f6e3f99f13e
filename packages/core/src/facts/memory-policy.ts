/** Bytes of a set of 1024 nodes, as many as a kernel may have (MAX_NUMNODES). */
export const nodesLength = 128;

/** Bits in such a set, as mbind(2) and get_mempolicy(2) count them. */
export const mostNodes: number = nodesLength * 8;

/** Bytes of a set of 64 nodes: of a word. */
export const fewNodesLength = 8;

/** MPOL_DEFAULT: as everybody else. set_mempolicy(2). */
export const defaultPolicy = 0;

/** MPOL_F_ADDR: of the range at an address. get_mempolicy(2). */
export const ofAddress = 2;
