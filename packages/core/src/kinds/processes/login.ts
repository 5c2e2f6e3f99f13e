import type { ProcessKind } from './kind.ts';
import { readProcNumber } from './proc-number.ts';

/** AUDIT_SID_UNSET: no login stands behind the process. */
const noLogin = 0xffff_ffff;

/** The user whose login it comes from. CRIU sets it again; here the login of the restoring user stays. */
export const login: ProcessKind = {
  name: 'login user',
  describe: [],
  look: ({ pid }) => ({ core: { loginuid: readProcNumber(pid, 'loginuid', noLogin) } }),
};
