/** Random histories of two DCs: what is found is exactly what lingers by a model of who has had which change. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatGuid } from '../../../src/ad/entry.ts';
import { showDeleted } from '../../../src/ldap/session.ts';
import { type Found, foundIn } from '../../../src/remedies/lingering/propose.ts';
import { renameEntry } from '../../support/rename-entry.ts';
import { Ledger, type Name, type Presence } from './support/ledger.ts';
import { type Dcs, hostOf, look, openDcs, people } from './support/pair.ts';

const names = ['dc1', 'dc2'] as const;
const later = new Date('2027-06-01T00:00:00Z');

type Step =
  | { readonly kind: 'create' | 'expunge' | 'cut' | 'heal'; readonly on: Name }
  | { readonly kind: 'replicate'; readonly on: Name; readonly strict: boolean }
  | { readonly kind: 'delete' | 'undelete' | 'modify' | 'move'; readonly on: Name; readonly pick: number };

const on = fc.constantFrom(...names);
const pick = fc.nat(20);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('create' as const), on }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('delete' as const), on, pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('modify' as const, 'move' as const), on, pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('undelete' as const), on, pick }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('replicate' as const), on, strict: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('expunge' as const), on }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('cut' as const, 'heal' as const), on }) },
);

/** Two DCs with objects that both have, and the ledger of what happens to them. */
class History {
  readonly dcs: Dcs;
  readonly ledger = new Ledger();
  /** objectGUIDs of the objects that were made. */
  readonly objects: string[] = [];
  readonly #cut = new Set<Name>();
  #made = 0;

  static async begin(): Promise<History> {
    const history = new History(await openDcs());
    // Changes arrive only when a step says so.
    for (const name of names) history.dcs.forest.cut(hostOf(name));
    for (const name of names) for (let count = 0; count < 3; count += 1) await history.create(name);
    for (const name of [...names, ...names]) history.replicate(name, true);
    return history;
  }

  private constructor(dcs: Dcs) {
    this.dcs = dcs;
  }

  async take(one: Step): Promise<void> {
    switch (one.kind) {
      case 'create':
        return this.create(one.on);
      case 'replicate':
        return this.replicate(one.on, one.strict);
      case 'expunge':
        this.dcs.forest.expunge(hostOf(one.on), later);
        return;
      case 'cut':
        this.#cut.add(one.on);
        return;
      case 'heal':
        this.#cut.delete(one.on);
        return;
      default:
        return this.#change(one.kind, one.on, one.pick);
    }
  }

  async create(name: Name): Promise<void> {
    this.#made += 1;
    const dn = await this.dcs.create(name, `Person ${this.#made}`);
    const guid = this.#store(name).find(dn)?.bytes('objectGUID');
    if (guid === undefined) throw new Error(`${dn} was not made`);
    this.objects.push(formatGuid(guid));
    this.ledger.created(formatGuid(guid), name);
  }

  replicate(to: Name, strict: boolean): void {
    const from = to === 'dc1' ? 'dc2' : 'dc1';
    if (this.#cut.has(to)) return;
    const outcome = this.dcs.forest.replicate(hostOf(to), hostOf(from), { strict });
    if (outcome.kind === 'done') this.ledger.replicated(to, from);
  }

  /** What the DC's store holds, not what it answers. */
  presence(name: Name, guid: string): Presence {
    const entry = this.#entry(name, guid);
    if (entry === undefined) return 'absent';
    return entry.isDeleted ? 'deleted' : 'alive';
  }

  async #change(kind: 'delete' | 'undelete' | 'modify' | 'move', name: Name, which: number): Promise<void> {
    const wanted = kind === 'undelete' ? 'deleted' : 'alive';
    const candidates = this.objects.filter((guid) => this.presence(name, guid) === wanted);
    const guid = candidates[which % Math.max(1, candidates.length)];
    const entry = guid === undefined ? undefined : this.#entry(name, guid);
    if (guid === undefined || entry === undefined) return;
    const session = await this.dcs.session(name);
    this.#made += 1;
    const newName = `Renamed ${this.#made}`;
    switch (kind) {
      case 'delete':
        await session.delete(entry.dn);
        break;
      case 'modify':
        await session.modify(entry.dn, [{ attribute: 'description', replace: [Buffer.from(newName)] }]);
        break;
      case 'move':
        await renameEntry(await this.dcs.forest.connect(hostOf(name)), entry.dn, `CN=${newName}`);
        break;
      case 'undelete':
        await session.modify(
          entry.dn,
          [
            { attribute: 'isDeleted', remove: 'all', add: [] },
            { attribute: 'distinguishedName', replace: [Buffer.from(`CN=${newName},${people}`)] },
          ],
          [showDeleted],
        );
        this.ledger.undeleted(guid, name);
        return;
    }
    this.ledger.changed(name);
  }

  #store(name: Name) {
    return this.dcs.forest.replica(hostOf(name)).store;
  }

  #entry(name: Name, guid: string) {
    const entry = [...this.#store(name).entries()].find(
      (one) =>
        one.present &&
        one.bytes('objectGUID') !== undefined &&
        formatGuid(one.bytes('objectGUID') ?? Buffer.alloc(16)) === guid,
    );
    return entry;
  }
}

/** How many objects linger by the model; what was found has to be the same, object by object. */
function lingeringIn(history: History, found: readonly Found[], target: Name, reference: Name): number {
  let lingering = 0;
  for (const guid of history.objects) {
    const [there, here] = [history.presence(target, guid), history.presence(reference, guid)];
    const expected = history.ledger.expected(guid, there, here, target, reference);
    const isOfTarget = ({ comparison }: Found): boolean => comparison.target.name === target.toUpperCase();
    const verdict = found.find((one) => one.guid === guid && isOfTarget(one))?.verdict;
    // A tombstone that the other has collected is shown, and is none of the model's business.
    const alive = verdict === 'transient' ? undefined : verdict;
    // Two undeletions apart may replace one another's stamp: then either of the two is right.
    const isEither = history.ledger.wasUndeleted(guid) && (expected === 'undeleted' || alive === 'undeleted');
    if (isEither) expect(['lingering', 'undeleted']).toContain(alive);
    else if (expected === 'new' && here === 'deleted' && history.ledger.wasUndeletedOnBoth(guid)) {
      expect(['late', 'new']).toContain(alive);
    } else expect(alive, `${guid} on ${target}`).toBe(expected);
    if (expected === 'lingering') lingering += 1;
  }
  return lingering;
}

const histories = 100;

test('what is found to linger is exactly what the other DC once had and has no trace of', async () => {
  let looked = 0;
  let withLingering = 0;
  const property = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
    const history = await History.begin();
    for (const one of steps) await history.take(one);
    const found = foundIn(await look(history.dcs, 'dc1'));
    const lingering = lingeringIn(history, found, 'dc2', 'dc1') + lingeringIn(history, found, 'dc1', 'dc2');
    looked += 1;
    if (lingering > 0) withLingering += 1;
  });
  await fc.assert(property, { numRuns: histories });
  expect(looked).toBe(histories);
  expect(withLingering).toBeGreaterThanOrEqual(histories / 3);
}, 120_000);
