/**
 * Reading from a directory: our search and the check of user principal names against OpenLDAP's ldapsearch, which does
 * nothing with what it reads. Each run is a process of its own, its start included.
 */

import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Slapd, startSlapd } from '../ad/lab/slapd.ts';

const many = 100_000;
const few = 10_000;
const largestRatio = 1.5;
const largestMemory = 150;
/** What a heap may grow by between two collections, in megabytes. */
const flatWithin = 30;

const built = (module: string): string => JSON.stringify(new URL(`../../dist/${module}`, import.meta.url).href);

interface Run {
  readonly seconds: number;
  /** Peak resident set, in megabytes; only of our own processes. */
  readonly memory: number;
  readonly output: string;
}

async function measured(program: string, args: readonly string[], keepOutput: boolean): Promise<Run> {
  const started = performance.now();
  const nowhere = openSync('/dev/null', 'w');
  const child = spawn(program, args, { stdio: ['ignore', keepOutput ? 'pipe' : nowhere, 'inherit'] });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (status !== 0) throw new Error(`${program} ended with ${status}`);
  const seconds = (performance.now() - started) / 1000;
  return { seconds, memory: Number(/^memory (\d+)$/m.exec(output)?.[1] ?? 0) / 1024, output };
}

const rounds = 4;

/** The fastest of several runs of each, in turn: what else runs on the machine only ever slows one down. */
async function best<const Runs extends readonly (() => Promise<Run>)[]>(
  ...runs: Runs
): Promise<{ readonly [Index in keyof Runs]: Run }> {
  const kept: (Run | undefined)[] = runs.map(() => undefined);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, run] of runs.entries()) {
      const [now, before] = [await run(), kept[index]];
      const memory = Math.max(now.memory, before?.memory ?? 0);
      kept[index] = { ...(before === undefined || now.seconds < before.seconds ? now : before), memory };
    }
  }
  return kept as { readonly [Index in keyof Runs]: Run };
}

/** A process of ours that opens the server and ends by telling its peak memory, in kilobytes. */
function ours({ address, port, user, password }: Slapd, body: string): Promise<Run> {
  const script = `
    import { ldapConnector } from ${built('ldap/connector.js')};
    const openSession = (options) => ldapConnector(options).open(options);
    const bind = ${JSON.stringify({ auth: 'password', user, password })};
    const session = await openSession({ host: '${address}', port: ${port}, tls: 'none', bind });
    ${body}
    await session.close();
    console.log('memory ' + process.resourceUsage().maxRSS);`;
  return measured(process.execPath, ['--input-type=module', '--eval', script], true);
}

function ldapsearch({ url, user, password, suffix }: Slapd, ...filterAndAttributes: string[]): Promise<Run> {
  const session = ['-x', '-H', url, '-D', user, '-w', password, '-LLL', '-E', 'pr=1000/noprompt', '-b', suffix];
  return measured('ldapsearch', [...session, ...filterAndAttributes], false);
}

const readAll = (slapd: Slapd): string => `
  import { present } from ${built('ldap/session.js')};
  let count = 0;
  const request = { base: '${slapd.suffix}', scope: 'subtree', filter: present('mailNickname'), attributes: ['*'] };
  for await (const entry of session.search(request)) count += entry.attributes.size > 10 ? 1 : 0;
  console.log('count ' + count);`;

// A global catalog takes the empty base for the whole forest; slapd does not.
const checkUpns = (slapd: Slapd): string => `
  import { compareNames } from ${built('remedies/labels/upn-check.js')};
  const globalCatalog = { search: (request) => session.search({ ...request, base: '${slapd.suffix}' }) };
  const { users, differing } = await compareNames(globalCatalog, () => undefined);
  console.log('count ' + users + ' ' + differing);`;

const upnFilter =
  '(&(objectClass=user)(|(msExchMailboxGuid=*)(homeMDB=*))(!(userAccountControl:1.2.840.113556.1.4.803:=2)))';
const upnAttributes = [
  'name',
  'userPrincipalName',
  'sAMAccountName',
  'proxyAddresses',
  'mail',
  'msExchRecipientTypeDetails',
];

describe('read throughput', () => {
  let large: Slapd;
  let small: Slapd;

  beforeAll(async () => {
    large = await startSlapd({ people: many, differing: 500 });
    small = await startSlapd({ people: few, differing: 500 });
  });
  afterAll(async () => {
    await large?.stop();
    await small?.stop();
  });

  const compare = async (
    name: string,
    body: (slapd: Slapd) => string,
    expected: (people: number) => string,
    ...search: string[]
  ) => {
    const [theirs, own, ofFew] = await best(
      () => ldapsearch(large, ...search),
      () => ours(large, body(large)),
      () => ours(small, body(small)),
    );
    expect(own.output).toContain(expected(many));
    expect(ofFew.output).toContain(expected(few));
    const line = `${name}: ${own.seconds.toFixed(2)} s for ${many.toLocaleString('en')} entries, ldapsearch ${theirs.seconds.toFixed(2)} s (${(own.seconds / theirs.seconds).toFixed(2)}); peak memory ${own.memory.toFixed(0)} MB, for ${few.toLocaleString('en')} entries ${ofFew.memory.toFixed(0)} MB`;
    process.stdout.write(`${line}\n`);
    expect(own.seconds / theirs.seconds).toBeLessThanOrEqual(largestRatio);
    expect(own.memory).toBeLessThanOrEqual(largestMemory);
    expect(own.memory - ofFew.memory).toBeLessThanOrEqual(flatWithin);
  };

  test('our search against ldapsearch', () =>
    compare('search', readAll, (people) => `count ${people}\n`, '(mailNickname=*)', '*'));

  test('labels --check-upn against ldapsearch', () =>
    compare('--check-upn', checkUpns, (people) => `count ${people} 500\n`, upnFilter, ...upnAttributes));
});
