import { need } from './on-windows.ts';

/** The user that owns nothing. */
const nobody = 65_534;

/**
 * Does the work with the rights of a user who owns nothing, for root is let in everywhere. Where the tests are not run
 * by root, their own rights will do. The user is that of the whole process: nothing else may go on meanwhile.
 */
export async function unprivileged<T>(work: () => Promise<T>): Promise<T> {
  need('users');
  const { getuid, seteuid, setegid } = process;
  if (getuid?.() !== 0 || seteuid === undefined || setegid === undefined) return work();
  setegid(nobody);
  seteuid(nobody);
  try {
    return await work();
  } finally {
    seteuid(0);
    setegid(0);
  }
}
