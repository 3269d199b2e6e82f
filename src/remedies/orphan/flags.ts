import type { FlagTable } from '../../flags.ts';

const whichServer = 'Which server';
const how = 'How';

/** The flags of the orphan remedy. */
export const flags = {
  name: { kind: 'text', value: 'SERVER', help: 'the server, by its name or FQDN', group: whichServer },
  dn: { kind: 'text', value: 'DN', help: 'the server object, by its distinguished name', group: whichServer },
  'setup-log': {
    kind: 'text',
    value: 'FILE',
    help: 'exchangeSetup.log of the failed run: the object that setup found',
    group: whichServer,
  },
  leftovers: {
    kind: 'yes-no',
    help: 'delete no server, but clear the references that earlier manual deletions left behind',
    group: whichServer,
  },
  probe: { kind: 'yes-no', help: "try the server's ports 25, 135, 443 and 445", group: whichServer },
  keep: {
    kind: 'texts',
    value: 'ID',
    help: 'leave a reference as it is, by the ID that the review shows: "homeMTA of CN=…" (repeatable)',
    group: how,
  },
  also: {
    kind: 'texts',
    value: 'WHAT',
    values: ['databases', 'servers-container'],
    help: 'what to delete with the server: databases that only it owns and that hold no mailbox; each empty CN=Servers of a legacy administrative group (repeatable)',
    group: how,
  },
  'tree-delete': { kind: 'yes-no', help: 'one request for the whole tree instead of leaf-first deletes', group: how },
} as const satisfies FlagTable;
