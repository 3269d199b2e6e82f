import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { boolean, element, integer, octets, sequence } from '../ldap/peer/ber.ts';

const modifyDnRequest = 0x6c;

/** Gives an entry another RDN, over an LDAP connection of its own: the client under test cannot rename. */
export async function renameEntry(socket: Duplex, dn: string, newRdn: string): Promise<void> {
  socket.write(sequence(integer(1), element(modifyDnRequest, octets(dn), octets(newRdn), boolean(true))));
  await once(socket, 'data');
  socket.destroy();
}
