import { errnoOf } from '../errors.ts';

const words: Readonly<Record<string, string>> = {
  ENOTFOUND: 'DNS knows no such name',
  ETIMEOUT: 'the DNS server did not answer',
  ECANCELLED: 'the DNS server did not answer',
  ECONNREFUSED: 'no DNS server listens there',
  ESERVFAIL: 'the DNS server failed',
  EREFUSED: 'the DNS server refused to answer',
  EBADNAME: 'that is no name for DNS',
  EBADRESP: 'the DNS server gave a broken answer',
};

/**
 * Why a look-up in DNS failed (errors of node:dns), with the code: "no DNS server listens there (ECONNREFUSED)".
 * @param wanted what was looked for: "address"
 */
export function dnsErrorInWords(error: unknown, wanted: string): string {
  const code = errnoOf(error);
  if (code === undefined) return String(error);
  const why = code === 'ENODATA' ? `DNS knows the name and no ${wanted} for it` : (words[code] ?? 'the look-up failed');
  return `${why} (${code})`;
}
