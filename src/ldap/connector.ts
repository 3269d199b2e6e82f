/** Opens sessions with the servers of a forest; host names are looked up by the system or at a given DNS server. */

import { connect, isIP } from 'node:net';
import { dnsErrorInWords, lookUpAddress } from '../ad/locate.ts';
import type { Trust } from './connection.ts';
import { ConnectionError } from './connection-trouble.ts';
import type { Access, Connector } from './session.ts';

/** Opens sessions over the network; the trusted authorities are read once for all of them. */
export function ldapConnector(access: Access): Connector {
  let trust: Trust | undefined;
  return {
    open: async (address) => {
      // Loaded when needed: a run without a directory should not wait for ldapts.
      const [{ LdapSession }, { trustOf }] = await Promise.all([
        import('./ldap-session.ts'),
        import('./connection.ts'),
      ]);
      trust ??= trustOf(access);
      return await LdapSession.open({ ...access, ...address }, trust);
    },
  };
}

/** Whether the text is the address of a DNS server: an IP address, with `:port` unless 53 (`[address]:port` for IPv6). */
export function isDnsServer(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const [, inBrackets, plain, port] = /^(?:\[([^\]]+)\]|([\d.]+)):(\d{1,5})$/.exec(text) ?? [];
  const isAddress = isIP(inBrackets ?? '') === 6 || isIP(plain ?? '') === 4;
  return isAddress && Number(port) > 0 && Number(port) < 65_536;
}

/**
 * Connects with host names looked up at this DNS server, for computers outside the domain: a `createConnection` for a
 * session. It rejects with ConnectionError if the name can't be found, else with the socket's own error.
 */
export function connectByDns(dns: string): NonNullable<Access['createConnection']> {
  return async ({ host, port }) => {
    const socket = connect(port, await addressOf(host, dns));
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return socket;
  };
}

/** The address of a host at this DNS server; an IP address is returned as it is. Throws ConnectionError if there is none. */
async function addressOf(host: string, dns: string): Promise<string> {
  try {
    return await lookUpAddress(host, dns);
  } catch (error) {
    throw new ConnectionError(
      {
        cameBack: `look-up at ${dns}: ${dnsErrorInWords(error, 'address')}`,
        next: `Check the spelling of ${host} and the address given with --dns, or give the server's IP address with --server and its name with --tls-name.`,
      },
      { cause: error },
    );
  }
}
