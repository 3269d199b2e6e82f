import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';

/** PEM files; the key is readable by its owner only, as Samba demands. */
export interface ServerCertificate {
  /** The certificate authority that a client has to trust: made for this one certificate. */
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** Makes a certificate for a server of this name and IPv4 address, good for 30 days, in a new folder. */
export async function makeCertificate(
  directory: string,
  hostName: string,
  address: string,
): Promise<ServerCertificate> {
  await mkdir(directory, { mode: 0o700 });
  const file = (name: string): string => join(directory, name);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'];
  const ca = ['-subj', '/CN=adsi-remedy lab CA', '-keyout', file('ca.key'), '-out', file('ca.pem')];
  await run('openssl', ['req', '-x509', '-days', '30', ...newKey, ...ca, '-addext', 'keyUsage=critical,keyCertSign']);

  const request = ['-subj', `/CN=${hostName}`, '-keyout', file('server.key'), '-out', file('server.csr')];
  await run('openssl', ['req', '-new', ...newKey, ...request]);
  await writeFile(file('server.ext'), `subjectAltName=DNS:${hostName},IP:${address}\nextendedKeyUsage=serverAuth\n`);
  const signer = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-days', '30'];
  await run('openssl', [
    ...['x509', '-req', '-in', file('server.csr'), ...signer],
    ...['-extfile', file('server.ext'), '-out', file('server.pem')],
  ]);
  return { caFile: file('ca.pem'), certificateFile: file('server.pem'), keyFile: file('server.key') };
}
