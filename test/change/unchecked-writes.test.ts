import { expect, test } from 'vitest';
import { judge, judgeAgain, openBlockers } from '../../src/change/findings.ts';
import type { Change, PlanAttribute } from '../../src/change/plan.ts';
import { rightsWritten } from '../../src/change/unchecked-writes.ts';
import { aceFlags, descriptor } from '../support/descriptors.ts';

const everyone = 'S-1-1-0';
const base64 = (bytes: Buffer) => ({ base64: bytes.toString('base64') });
const rights = (mask: number, flags = 0): PlanAttribute => ({
  name: 'nTSecurityDescriptor',
  values: [base64(descriptor({ dacl: [{ mask, sid: everyone, flags }] }))],
});
const made = (name: string, ...attributes: readonly PlanAttribute[]): Change => ({
  kind: 'add',
  dn: `CN=${name},DC=x`,
  attributes,
});
const owner = 'owner BUILTIN\\Administrators (S-1-5-32-544), group BUILTIN\\Administrators (S-1-5-32-544)';

test('a plan that gives rights has a blocker that may be accepted, about each of the entries', () => {
  const [finding] = rightsWritten([made('A', rights(0x20)), made('B', rights(0x20)), made('C', rights(0x10))]);
  expect(finding).toMatchObject({
    id: 'rights-from-plan',
    level: 'blocker',
    acceptable: true,
    title: 'The plan gives rights to 3 entries',
    subjects: [
      `CN=A,DC=x: ${owner}; allow Everyone (${everyone}): write all properties`,
      `CN=B,DC=x: ${owner}; allow Everyone (${everyone}): write all properties`,
      `CN=C,DC=x: ${owner}; allow Everyone (${everyone}): read all properties`,
    ],
    evidence: [
      `CN=A,DC=x and 1 more entry: ${owner}; allow Everyone (${everyone}): write all properties`,
      `CN=C,DC=x: ${owner}; allow Everyone (${everyone}): read all properties`,
    ],
  });
});

test('what the parent gives is named in short', () => {
  expect(rightsWritten([made('A', rights(0x20, aceFlags.inherited))])[0]?.evidence).toEqual([
    `CN=A,DC=x: ${owner}; and inherited entries`,
  ]);
});

test('rights are found by their bytes in an attribute of any name, and by the attributes that give an account some', () => {
  const acting = { ...rights(0x100), name: 'msDS-AllowedToActOnBehalfOfOtherIdentity' };
  const history = { name: 'sIDHistory', values: [base64(Buffer.from('010100000000000100000000', 'hex'))] };
  const unreadable = { name: 'nTSecurityDescriptor', values: [base64(Buffer.from('no descriptor'))] };
  const changes: readonly Change[] = [
    made('A', acting),
    made('B', history),
    made('C', unreadable),
    {
      kind: 'modify',
      dn: 'CN=D,DC=x',
      guid: '',
      edits: [{ attribute: 'member', remove: [], add: ['CN=A,DC=x'] }],
    },
  ];
  expect(rightsWritten(changes)[0]?.evidence).toEqual([
    `CN=A,DC=x: msDS-AllowedToActOnBehalfOfOtherIdentity: ${owner}; allow Everyone (${everyone}): all extended rights`,
    `CN=B,DC=x: sIDHistory: Everyone (${everyone})`,
    'CN=C,DC=x: nTSecurityDescriptor cannot be read: 13 bytes',
    'CN=D,DC=x: member: CN=A,DC=x',
  ]);
});

test('a plan that gives none, or takes some away, has no such blocker', () => {
  const entry = { dn: 'CN=A,DC=x', guid: '', usnChanged: '1', attributes: [rights(1)] };
  expect(
    rightsWritten([
      made('A', { name: 'description', values: ['text'] }),
      { kind: 'delete', ...entry, children: [] },
      { kind: 'modify', dn: 'CN=D,DC=x', guid: '', edits: [{ attribute: 'member', remove: ['CN=A,DC=x'], add: [] }] },
    ]),
  ).toEqual([]);
});

test('accepting some rights of an entry accepts no others of it', () => {
  const judged = (mask: number, accept: readonly string[]) =>
    judge(rightsWritten([made('A', rights(mask))]), { undoes: {} }, accept);
  const accepted = judged(0x20, ['rights-from-plan']);
  expect(openBlockers(judgeAgain(accepted, judged(0x20, [])))).toEqual([]);
  expect(openBlockers(judgeAgain(accepted, judged(0xf01ff, [])))).toHaveLength(1);
});

test.each([
  'gPLink',
  'homeDirectory',
  'managedBy',
  'msDS-GroupMSAMembership',
  'msDS-RevealOnDemandGroup',
  'msExchMailboxSecurityDescriptor',
  'primaryGroupID',
  'scriptPath',
  'servicePrincipalName',
  'userParameters',
  'userPassword',
])('%s gives rights, also where its value is no descriptor that can be read', (name) => {
  expect(rightsWritten([made('A', { name, values: [base64(Buffer.from([1, 0, 4, 0x80]))] })])).toHaveLength(1);
});

test('a DNS record is named by what it says', () => {
  const header = Buffer.alloc(24);
  header.writeUInt16LE(4, 0);
  header.writeUInt16LE(1, 2);
  const value = base64(Buffer.concat([header, Buffer.from([192, 0, 2, 7])]));
  const [finding] = rightsWritten([made('wpad', { name: 'dnsRecord', values: [value] })]);
  expect(finding?.evidence).toEqual(['CN=wpad,DC=x: dnsRecord: A 192.0.2.7']);
});

test('what a descriptor of another attribute calls inherited is named: it is kept as it is written', () => {
  const name = 'msDS-AllowedToActOnBehalfOfOtherIdentity';
  const [finding] = rightsWritten([made('A', { ...rights(0xf01ff, aceFlags.inherited), name })]);
  expect(finding?.evidence).toEqual([`CN=A,DC=x: ${name}: ${owner}; allow Everyone (${everyone}): full control`]);
});
