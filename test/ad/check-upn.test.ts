import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshFolder, writeTree } from '../support/fresh-folder.ts';
import { labels } from '../support/remedy-commands.ts';
import { runCommand } from '../support/run-command.ts';
import { stringsContent } from '../support/strings-content.ts';
import { describeWithSamba } from './lab/describe-with-samba.ts';
import type { DomainController } from './lab/domain-controller.ts';
import { forest } from './lab/forest.ts';
import { type Attributes, add, type Change } from './lab/ldif.ts';
import { startOneDomainController } from './lab/one-dc.ts';

const enabled = '544';
const disabled = '546';

function user(name: string, attributes: Attributes): Change {
  return add(`CN=${name},CN=Users,${forest.domainNamingContext}`, {
    objectClass: 'user',
    sAMAccountName: name,
    userAccountControl: enabled,
    msExchMailboxGuid: Buffer.alloc(16, 7),
    ...attributes,
  });
}

describeWithSamba('labels --check-upn', () => {
  let dc: DomainController;

  beforeAll(async () => {
    dc = await startOneDomainController();
    await dc.ldapmodify([
      user('same', {
        userPrincipalName: 'Same@Example.COM',
        proxyAddresses: ['smtp:old@example.com', 'SMTP:same@example.com'],
      }),
      user('differs', { userPrincipalName: 'differs@corp.example.com', proxyAddresses: ['SMTP:differs@example.com'] }),
      user('bymail', { userPrincipalName: 'bymail@corp.example.com', mail: '=cmd|bymail@example.com' }),
      user('noname', { proxyAddresses: ['SMTP:noname@example.com'] }),
      user('disabled', {
        userPrincipalName: 'disabled@corp.example.com',
        proxyAddresses: ['SMTP:disabled@example.com'],
        userAccountControl: disabled,
      }),
      add(`CN=nomailbox,CN=Users,${forest.domainNamingContext}`, {
        objectClass: 'user',
        sAMAccountName: 'nomailbox',
        userPrincipalName: 'nomailbox@corp.example.com',
        mail: 'nomailbox@example.com',
        userAccountControl: enabled,
      }),
      user('taken', {
        userPrincipalName: 'taken@corp.example.com',
        proxyAddresses: ['SMTP:NoMailbox@corp.example.com'],
      }),
    ]);
  });
  afterAll(() => dc?.stop());

  test('counts the enabled mailbox users whose names differ, and lists them in the change folder', async () => {
    const folder = await freshFolder();
    await writeTree(folder, { root: { Exchange: { HTML: { 'strings.txt': stringsContent('Domain\\user name:') } } } });
    const args = ['--root', 'root', '--label', 'email', '--check-upn', '--save', 'saved'];
    const directory = ['--server', dc.address, '--ca', dc.caFile, '--user', forest.adminUser];
    const world = { currentFolder: folder, env: { ADSI_REMEDY_PASSWORD: dc.adminPassword } };

    const result = await runCommand(labels, [...args, ...directory], world);

    expect(result.status).toBe(2);
    expect(result.stdout).toContain(
      '4 of 5 mailbox users have a user principal name that differs from their e-mail address',
    );
    expect(result.stdout).toContain('taken: nomailbox@corp.example.com is the name of nomailbox');
    const report = await readFile(path.join(folder, 'saved', 'upn-differs.csv'), 'utf8');
    const [head, ...lines] = report.split('\r\n');
    expect(head).toBe('\ufeffname,userPrincipalName,primarySmtpAddress,addressFrom,distinguishedName');
    const users = forest.domainNamingContext;
    expect(lines.sort()).toEqual([
      '',
      `bymail,bymail@corp.example.com,'=cmd|bymail@example.com,mail,"CN=bymail,CN=Users,${users}"`,
      `differs,differs@corp.example.com,differs@example.com,proxyAddresses,"CN=differs,CN=Users,${users}"`,
      `noname,,noname@example.com,proxyAddresses,"CN=noname,CN=Users,${users}"`,
      `taken,taken@corp.example.com,NoMailbox@corp.example.com,proxyAddresses,"CN=taken,CN=Users,${users}"`,
    ]);
  });

  test.each([
    ['upn', '1 of 5 mailbox users have no user principal name, or share it with another account'],
    ['username', 'The user names of all 5 mailbox users are unique in the forest'],
  ])('goes by what the label asks for: %s', async (label, said) => {
    const folder = await freshFolder();
    await writeTree(folder, { root: { Exchange: { HTML: { 'strings.txt': stringsContent('Domain\\user name:') } } } });
    const directory = ['--server', dc.address, '--ca', dc.caFile, '--user', forest.adminUser];
    const { stdout } = await runCommand(
      labels,
      ['--root', 'root', '--label', label, '--check-upn', '--verbose', ...directory],
      { currentFolder: folder, env: { ADSI_REMEDY_PASSWORD: dc.adminPassword } },
    );
    expect(stdout).toContain(said);
  });

  test('a directory without --check-upn is wrong usage', async () => {
    const folder = await freshFolder();
    await writeTree(folder, { root: { Exchange: { HTML: { 'strings.txt': stringsContent('Domain\\user name:') } } } });
    const args = ['--root', 'root', '--label', 'email', '--server', dc.address];
    const result = await runCommand(labels, args, { currentFolder: folder });
    expect(result.status).toBe(64);
    expect(result.stderr).toContain('--check-upn');
  });
});
