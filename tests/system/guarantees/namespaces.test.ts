import { namespacesProven } from './proofs/namespaces.ts';
import { showAll } from './prove.ts';

showAll(namespacesProven);
