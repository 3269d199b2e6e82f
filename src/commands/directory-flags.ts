/** The flags that name a directory, and how to log on to it. */

import type { Flags, FlagTable } from '../flags.ts';

const group = 'Directory';

export const directoryFlags = {
  server: { kind: 'text', value: 'HOST[:PORT]', help: 'a domain controller', group },
  domain: {
    kind: 'text',
    value: 'NAME',
    help: 'find the domain controllers by DNS; at a terminal you pick one',
    group,
  },
  dns: { kind: 'text', value: 'ADDRESS', help: "the DNS server to ask for them, if not this computer's", group },
  auth: {
    kind: 'text',
    value: 'KIND',
    help: "integrated: the user logged on to this computer (elsewhere than Windows kinit's ticket), signed and encrypted on port 389, without certificate or password; with --user that user's password goes to the system's Kerberos, never over the wire; password: the default",
    group,
    values: ['integrated', 'password'],
  },
  tls: {
    kind: 'text',
    value: 'KIND',
    help: 'ldaps (default), starttls, or none (not encrypted; reported as a warning)',
    group,
    values: ['ldaps', 'starttls', 'none'],
  },
  ca: { kind: 'text', value: 'FILE', help: 'the certificate authority to trust, PEM or DER', group },
  'tls-name': {
    kind: 'text',
    value: 'NAME',
    help: "the name that the certificate must bear, or with --auth integrated the DC's own DNS name",
    group,
  },
  user: {
    kind: 'text',
    value: 'NAME',
    help: 'user principal name or DOMAIN\\user; the password comes from a hidden prompt, ADSI_REMEDY_PASSWORD or --password-stdin, never from a flag',
    group,
  },
  'password-stdin': {
    kind: 'yes-no',
    help: 'read the password from standard input, up to the end of the first line; in cmd, write no space before the |, or it becomes part of the password: echo PASSWORD| adsi-remedy …',
    group,
  },
  ldif: {
    kind: 'texts',
    value: 'FILE',
    help: 'work offline on an export of ldifde or ldapsearch, one a naming context (repeatable)',
    group,
  },
} as const satisfies FlagTable;

export type DirectoryFlags = Flags<typeof directoryFlags>;
