import { workAtOnceProven } from './proofs/at-once.ts';
import { showAll } from './prove.ts';

showAll(workAtOnceProven);
