/** Certificates for a test run, made by openssl: an authority of our own and what it issued. */

import { execFileSync, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Identity } from './fake-peer.ts';

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

export interface Certificates {
  /** PEM */
  readonly authority: Buffer;
  readonly authorityDer: Buffer;
  /** For dc1.example.com and 127.0.0.1, issued by the authority. */
  readonly good: Identity;
  /** Like `good`, but over since yesterday. */
  readonly expired: Identity;
  /** For dc1.example.com, signed by itself. */
  readonly selfSigned: Identity;
  /** Like Samba's and old domain controllers' own: the name in the subject alone, no subjectAltName. */
  readonly nameInSubject: Identity;
}

/** Makes them in the folder. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const names = 'subjectAltName=DNS:dc1.example.com,IP:127.0.0.1';
  await writeFile(path.join(folder, 'names.cnf'), names);
  const selfSign = (name: string, subject: string, ...more: string[]) =>
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      '-days',
      '2',
      '-subj',
      subject,
      ...more,
    );
  const issue = (name: string, days: string, ...more: string[]) => {
    openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', '/CN=dc1.example.com');
    const authority = ['-CA', 'authority.pem', '-CAkey', 'authority.key', '-CAcreateserial'];
    openssl('x509', '-req', '-in', `${name}.csr`, ...authority, '-days', days, '-out', `${name}.pem`, ...more);
  };
  const read = (name: string) => readFile(path.join(folder, name));
  const identity = async (name: string) => ({ cert: await read(`${name}.pem`), key: await read(`${name}.key`) });

  selfSign('authority', '/CN=Example Test Authority');
  openssl('x509', '-in', 'authority.pem', '-outform', 'DER', '-out', 'authority.der');
  issue('good', '2', '-extfile', 'names.cnf');
  issue('expired', '-1', '-extfile', 'names.cnf');
  issue('nameInSubject', '2');
  selfSign('selfSigned', '/CN=dc1.example.com', '-addext', names);
  return {
    authority: await read('authority.pem'),
    authorityDer: await read('authority.der'),
    good: await identity('good'),
    expired: await identity('expired'),
    selfSigned: await identity('selfSigned'),
    nameInSubject: await identity('nameInSubject'),
  };
}
