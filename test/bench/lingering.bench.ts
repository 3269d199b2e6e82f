/**
 * Two copies of 100,000 objects, of which 100 linger: the comparison against two runs of ldapsearch that read the same
 * GUIDs. The servers run here, tool and peer in processes of their own.
 */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { administrator } from '../../src/embedded/visibility.ts';
import { run } from '../ad/lab/command.ts';
import { domain, hostOf, skeleton } from '../remedies/lingering/support/pair.ts';
import { openServedForest, type ServedForest } from '../support/ldap-server/served-forest.ts';
import { duel } from './support/duel.ts';
import { scoreboard } from './support/scoreboard.ts';

const objects = 100_000;
const lingering = 100;
const largestRatio = 1.5;
const largestMemory = 150;
const rounds = 3;

const names = ['dc1', 'dc2'] as const;
const administratorDn = `CN=Admin,OU=Many,${domain}`;
const password = 'made-up';
const built = (module: string): string => JSON.stringify(new URL(`../../dist/${module}`, import.meta.url).href);

function* copies(): Generator<string> {
  yield `dn: OU=Many,${domain}\nobjectClass: organizationalUnit\n\n`;
  yield `dn: ${administratorDn}\nobjectClass: user\nsAMAccountName: Admin\n\n`;
  for (let number = 0; number < objects; number += 1) {
    yield `dn: CN=Person ${number},OU=Many,${domain}\nobjectClass: contact\n\n`;
  }
  // Of the first change that DC1 ever made, so that it has had them.
  for (let number = 0; number < lingering; number += 1) {
    yield `dn: CN=Kept ${number},OU=Many,${domain}\nobjectClass: contact\nuSNCreated: 1\nuSNChanged: 1\npracticeOnlyOn: dc2\n\n`;
  }
}

describe('comparing two copies', () => {
  let forest: ServedForest;
  const ports = new Map<string, number>();
  const closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    const sources = [
      { name: 'skeleton', content: skeleton(names) },
      { name: 'many', content: copies() },
    ];
    forest = await openServedForest({ sources, kind: 'forest', clock: () => new Date(), newGuid: randomUUID }, [
      { name: 'Admin', password, access: administrator },
    ]);
    for (const name of names) forest.replicate(hostOf(name));
    for (const name of names) {
      const { port, close } = await forest.listen(hostOf(name));
      ports.set(hostOf(name), port);
      closing.push(close);
    }
  });
  afterAll(async () => {
    for (const close of closing) await close();
  });

  /** In a process of its own, for its peak memory. */
  const ours = async (): Promise<{ readonly seconds: number; readonly megabytes: number }> => {
    const script = `
      const started = performance.now();
      import { ldapConnector } from ${built('ldap/connector.js')};
      import { gather } from ${built('remedies/lingering/gather.js')};
      import { propose } from ${built('remedies/lingering/propose.js')};
      const openSession = (options) => ldapConnector(options).open(options);
      const bind = ${JSON.stringify({ auth: 'password', user: administratorDn, password })};
      const ports = new Map(${JSON.stringify([...ports])});
      const open = (host) =>
        openSession({ host: '127.0.0.1', port: ports.get(host), tls: 'none', bind, operationDeadlineMs: 600000 });
      const nothing = () => undefined;
      const world = {
        kind: 'directory', session: await open('${hostOf('dc1')}'), isExport: false, openOther: open, now: () => new Date(),
        watch: { begin: nothing, update: nothing, count: nothing }, signal: new AbortController().signal,
        target: { kind: 'forest', configurationNamingContext: '', objectGuid: '', domainController: '', connection: { kind: 'practice' } },
      };
      const options = { reference: 'dc1', targets: [], partitions: ['${domain}'], accept: [] };
      const { changes } = propose(await gather(world, { kind: 'new', options }));
      await world.session.close();
      console.log(JSON.stringify({ found: changes.length, seconds: (performance.now() - started) / 1000, megabytes: process.resourceUsage().maxRSS / 1024 }));
      process.exit(0);`;
    const told = JSON.parse(await run(process.execPath, ['--input-type=module', '-e', script]));
    expect(told.found).toBe(lingering);
    return told;
  };

  const peers = async (): Promise<number> => {
    const started = performance.now();
    for (const name of names) {
      const url = `ldap://127.0.0.1:${ports.get(hostOf(name))}`;
      const controls = ['-E', '!pr=1000/noprompt', '-E', '!1.2.840.113556.1.4.2064'];
      const logon = ['-x', '-D', administratorDn, '-w', password, '-H', url];
      const search = ['ldapsearch', '-LLL', ...logon, ...controls, '-b', domain, 'objectGUID', 'isDeleted'];
      await run('sh', ['-c', `${search.map((word) => `'${word}'`).join(' ')} > /dev/null`]);
    }
    return (performance.now() - started) / 1000;
  };

  test('takes at most 1.5 times as long as two ldapsearch that read the same GUIDs, and 150 MB', async () => {
    const board = scoreboard(`lingering: 2 × ${objects.toLocaleString('en')} objects, ${lingering} of them lingering`);
    let most = 0;
    const result = await duel(rounds, async () => {
      const { seconds, megabytes } = await ours();
      most = Math.max(most, megabytes);
      return { ours: seconds, peer: await peers() };
    });
    board.ratio('comparison against two ldapsearch', result, largestRatio);
    board.bound('peak memory', most, largestMemory, ' MB');
    board.print();
  });
});
