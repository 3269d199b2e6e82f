import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Plan } from '../../src/change/plan.ts';
import { run as apply } from '../../src/commands/apply.ts';
import { run as undo } from '../../src/commands/undo.ts';
import { orphan } from '../support/remedy-commands.ts';
import { type CommandRun, runCommand } from '../support/run-command.ts';
import { describeWithSamba } from './lab/describe-with-samba.ts';
import type { DomainController } from './lab/domain-controller.ts';
import { forest } from './lab/forest.ts';
import { type Attributes, add, type Change } from './lab/ldif.ts';
import { startOneDomainController } from './lab/one-dc.ts';
import { adminGroup, exchangeOrganisation } from './scenario/organisation.ts';
import { type ExchangeServer, exchangeServer } from './scenario/server.ts';
import { otherAttributes } from './schema/exchange.ts';

/** Another forest each time; the title has the seed, which gives the same one again. */
const seed = Math.floor(Math.random() * 1_000_000);

/** What the server itself writes when an entry is edited, deleted or brought back. */
const ofServer = new Set(['usnchanged', 'usncreated', 'whenchanged', 'lastknownparent', 'dscorepropagationdata']);
const { configurationNamingContext: configuration } = forest;
const recipients = `CN=Users,${forest.domainNamingContext}`;

/** One line a value of the whole Configuration naming context and of the recipients: "dn | attribute: value". */
async function snapshot(dc: DomainController): Promise<ReadonlySet<string>> {
  const found = [
    ...(await dc.ldapsearch(['-b', configuration, '(objectClass=*)'])),
    ...(await dc.ldapsearch(['-b', recipients, '(objectClass=labReferrer)'])),
  ];
  return new Set(
    found.flatMap((entry) =>
      entry.names
        .filter((name) => !ofServer.has(name))
        .flatMap((name) => entry.bytes(name).map((value) => `${entry.dn} | ${name}: ${value.toString('latin1')}`)),
    ),
  );
}

/** Every way in which text names a server. */
function namesInText({ legacyExchangeDn, fqdn }: ExchangeServer): readonly string[] {
  return [
    legacyExchangeDn,
    `${legacyExchangeDn}/cn=Microsoft Private MDB`,
    fqdn,
    `\\\\${fqdn}\\witness`,
    `https://${fqdn}/owa`,
  ];
}

/** Entries that refer to one of these at random, by attributes that no list names, some of them outside Exchange. */
function referrers(server: ExchangeServer, other: ExchangeServer, container: string): readonly Change[] {
  const target = fc.constantFrom(
    server.dn,
    server.smtpServer,
    server.mta,
    server.informationStore,
    other.dn,
    other.mta,
  );
  const text = fc.constantFrom(...namesInText(server), other.legacyExchangeDn, `\\\\${other.fqdn}\\witness`, 'nothing');
  const names = (group: keyof typeof otherAttributes): readonly string[] =>
    otherAttributes[group].map(({ name }) => name);
  const some = <T>(group: keyof typeof otherAttributes, value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
    fc.dictionary(fc.constantFrom(...names(group)), value, { maxKeys: 3 });
  const several = fc.uniqueArray(target, { minLength: 1, maxLength: 3 });
  const unlinked = [
    some('dns', target),
    some('severalDns', several),
    some(
      'dnsWithBinary',
      target.map((dn) => `B:8:01020304:${dn}`),
    ),
    some(
      'dnsWithString',
      target.map((dn) => `S:3:abc:${dn}`),
    ),
    some('orNames', several),
    some('ofSystem', target),
  ];
  const any = [
    ...unlinked,
    some('links', several),
    some('texts', fc.uniqueArray(text, { minLength: 1, maxLength: 2 })),
  ];
  const attributesOf = (groups: readonly fc.Arbitrary<Attributes>[]): fc.Arbitrary<Attributes> =>
    fc.tuple(...groups).map((given): Attributes => Object.assign({}, ...given));
  const free = fc.sample(attributesOf(any), { numRuns: 40, seed });
  const ofRecipients = fc.sample(attributesOf([...unlinked, some('links', several)]), {
    numRuns: 20,
    seed: seed + 2,
  });
  const bound = fc.sample(target, { numRuns: 4, seed: seed + 1 });
  return [
    ...free.map((given, index) =>
      add(`CN=referrer ${index},${index % 2 === 0 ? container : `CN=Services,${configuration}`}`, {
        objectClass: 'labReferrer',
        ...given,
      }),
    ),
    ...ofRecipients.map((given, index) =>
      add(`CN=recipient ${index},${recipients}`, { objectClass: 'labReferrer', ...given }),
    ),
    ...bound.map((dn, index) =>
      add(`CN=bound ${index},${container}`, { objectClass: 'labBoundReferrer', labMandatoryReference: dn }),
    ),
  ];
}

describeWithSamba(`A server that entries refer to at random, by attributes of every syntax (seed ${seed})`, () => {
  const organisation = exchangeOrganisation(configuration);
  const group = adminGroup(organisation);
  const options = { version: '2010', site: forest.site, domain: forest.domain } as const;
  const other = exchangeServer(group, { name: 'EX01', ...options });
  const server = exchangeServer(group, { name: 'EX02', ...options });
  let dc: DomainController;
  let folder: string;
  let before: ReadonlySet<string>;
  let plan: Plan;

  const run = (command: Parameters<typeof runCommand>[0], ...args: readonly string[]): Promise<CommandRun> =>
    runCommand(command, [...args, '--server', dc.address, '--ca', dc.caFile, '--user', dc.adminUser], {
      currentFolder: folder,
      env: { ADSI_REMEDY_PASSWORD: dc.adminPassword },
    });

  beforeAll(async () => {
    const made = [organisation, group, other, server].flatMap(({ changes }) => changes);
    dc = await startOneDomainController({ changes: [...made, ...referrers(server, other, group.connections)] });
    folder = await mkdtemp(path.join(tmpdir(), 'orphan-any-'));
    before = await snapshot(dc);
  });
  afterAll(async () => {
    await dc?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Lines whose value names the server or what is below it, by its old name, its deleted one, or in text. */
  const naming = (lines: ReadonlySet<string>): readonly string[] => [...lines].filter(namesServer);
  const namesServer = (line: string): boolean => {
    const [dn = '', value = ''] = line.split(/ \| (.*)/s);
    const isOwn = dn.toLowerCase().endsWith(server.dn.toLowerCase());
    const isName = value.toLowerCase().includes(server.dn.toLowerCase()) || value.includes('\\0ADEL:');
    const isText = namesInText(server).some((text) => value.endsWith(`: ${text}`));
    // A back link shows what the other side holds; the server itself keeps it.
    const isBackLink = /^\w+bl:/.test(value);
    return !isOwn && !isBackLink && (isName || isText);
  };

  test('is planned with every value that names it, whatever the attribute', async () => {
    const saved = await run(orphan, '--name', 'EX02', '--save', 'saved', '--json', '--accept', 'mandatory-references');
    expect(saved.stderr).not.toContain('error');
    expect(saved.status).toBe(2);
    plan = JSON.parse(saved.stdout);
    const planned = plan.changes.flatMap((change) =>
      change.kind === 'modify' ? change.edits.map(({ attribute }) => `${attribute} of ${change.dn}`.toLowerCase()) : [],
    );
    const left = plan.leftOut.map(({ what }) => what.toLowerCase());
    // A recipient's link goes with what it names, and is no part of the plan; undo writes it again.
    const found = naming(before)
      .map((line) => {
        const [dn = '', value = ''] = line.split(/ \| (.*)/s);
        return `${value.slice(0, value.indexOf(':'))} of ${dn}`.toLowerCase();
      })
      .filter((id) => !(id.startsWith('lablink') && id.endsWith(recipients.toLowerCase())));
    expect(found.length).toBeGreaterThan(80);
    expect(found.filter((id) => id.endsWith(recipients.toLowerCase())).length).toBeGreaterThan(10);
    expect([...new Set(found)].toSorted()).toEqual([...new Set([...planned, ...left])].toSorted());
  });

  test('leaves only those values that name it which the plan leaves, as another client sees it', async () => {
    const applied = await run(apply, 'saved', '--yes', '--confirm', 'EX02');
    expect(applied.stderr).toBe('');
    expect(applied.stdout).toMatch(/deleted: \d+ of \d+, tombstones found/);
    expect(applied.status).toBe(0);
    const left = new Set(plan.leftOut.map(({ what }) => what.toLowerCase()));
    const still = naming(await snapshot(dc)).map((line) => {
      const [dn = '', value = ''] = line.split(/ \| (.*)/s);
      return `${value.slice(0, value.indexOf(':'))} of ${dn}`.toLowerCase();
    });
    expect(still.length).toBeGreaterThan(0);
    expect(still.filter((id) => !left.has(id))).toEqual([]);
  });

  test('is back after undo with every value, links of both directions included', async () => {
    const undone = await run(undo, 'saved', '--yes');
    expect(undone.stdout).toMatch(/\d+ entries restored/);
    expect(undone).toMatchObject({ status: 0, stderr: '' });
    const links = [...before].filter((line) => /^CN=recipient \d+,.* \| lablink\d: /.test(line)).filter(namesServer);
    expect(links.length).toBeGreaterThan(3);
    const after = await snapshot(dc);
    expect([...before].filter((line) => !after.has(line))).toEqual([]);
    expect([...after].filter((line) => !before.has(line))).toEqual([]);
  });
});
