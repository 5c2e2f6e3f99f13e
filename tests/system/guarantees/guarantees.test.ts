import { dumpsProven } from './proofs/dump.ts';
import { restoresProven } from './proofs/restore.ts';
import { runsProven } from './proofs/run.ts';
import { showAll } from './prove.ts';

showAll([...runsProven, ...dumpsProven, ...restoresProven]);
