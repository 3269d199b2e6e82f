import type { Verify } from './verification.ts';

export const verify: Verify = async () => ({ everywhere: false, lines: [], domainControllers: [] });
