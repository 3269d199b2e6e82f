/** Whether a machine answers on the ports of an Exchange server. */

import { lookup } from 'node:dns/promises';
import { createConnection } from 'node:net';
import { lookUpAddress } from './locate.ts';

/** SMTP, RPC endpoint mapper, HTTPS, SMB. */
export const probedPorts: readonly number[] = [25, 135, 443, 445];

export type ProbeResult =
  | { readonly kind: 'no address' }
  /** The host name is that of another server object too: an answer would prove nothing. */
  | { readonly kind: 'not its own name'; readonly host: string }
  | {
      readonly kind: 'probed';
      readonly address: string;
      readonly open: readonly number[];
      readonly closed: readonly number[];
    };

/** How a machine is reached; handed in so that tests need no network. */
export interface ProbeMeans {
  /** The address of a host name; undefined if it has none. */
  readonly resolve: (host: string) => Promise<string | undefined>;
  /** Whether a TCP connection could be made within the deadline. */
  readonly connects: (address: string, port: number, deadlineMs: number) => Promise<boolean>;
}

/** For each port, in milliseconds; all are tried at the same time. */
const deadlineMs = 3000;

/** Tries the ports. Never throws: what does not answer is closed. */
export async function probe(host: string, means: ProbeMeans = networkMeans): Promise<ProbeResult> {
  const address = await means.resolve(host);
  if (address === undefined) return { kind: 'no address' };
  const answers = await Promise.all(probedPorts.map((port) => means.connects(address, port, deadlineMs)));
  return {
    kind: 'probed',
    address,
    open: probedPorts.filter((_, index) => answers[index] === true),
    closed: probedPorts.filter((_, index) => answers[index] !== true),
  };
}

/** The network, with names looked up at a DNS server (--dns); undefined: by the system. */
export function networkMeansBy(dns: string | undefined): ProbeMeans {
  if (dns === undefined) return networkMeans;
  const resolve: ProbeMeans['resolve'] = async (host) => {
    try {
      return await lookUpAddress(host, dns);
    } catch {
      // A name that DNS does not know is the answer.
      return undefined;
    }
  };
  return { ...networkMeans, resolve };
}

/** The network: names by the system, connections by TCP. */
export const networkMeans: ProbeMeans = {
  resolve: async (host) => {
    try {
      return (await lookup(host)).address;
    } catch {
      // A name that DNS does not know is the answer.
      return undefined;
    }
  },
  connects: (address, port, deadline) =>
    new Promise((resolve) => {
      const socket = createConnection({ host: address, port });
      const end = (open: boolean): void => {
        socket.destroy();
        resolve(open);
      };
      socket.setTimeout(deadline, () => end(false));
      socket.once('connect', () => end(true));
      socket.once('error', () => end(false));
    }),
};
