/**
 * The plan: what will be changed, on what, why, and what each change expects to find.
 * One plan object is previewed, saved, handed over, applied and undone, so that no two of them can disagree.
 */

import type { WrittenValue } from '../ad/entry.ts';
import type { Exhibit } from './exhibits.ts';
import type { Finding, NextStep } from './findings.ts';
import { flawIn, type JsonValue, type Shape } from './json-shape.ts';

/** The format that a plan file names. */
export const planFormat = 'adsi-remedy/plan';
/** The version of the format; plans of another one are not read. */
export const planVersion = 2;

/** The length in bytes and the SHA-256 (lower-case hex) of a file's content. */
export interface FileFingerprint {
  readonly length: number;
  readonly sha256: string;
}

/** One replaced run of bytes: `old` at `offset` of the file before the change becomes `new`; both base64. */
export interface Splice {
  readonly key: string;
  /** 1-based line of the value in the file before the change. */
  readonly line: number;
  /** In bytes from the start of the file before the change. */
  readonly offset: number;
  readonly old: string;
  readonly new: string;
}

/** An edit of one form set's strings.txt. Everything outside the splices stays byte for byte. */
export interface FileChange {
  readonly kind: 'file';
  /** Absolute, below the root. */
  readonly path: string;
  /** Where the file really lies, if links lead there from its path. */
  readonly realPath?: string;
  /** The array member or folder that the user named, as found on this run. */
  readonly root: string;
  readonly set: string;
  readonly class: string;
  /** The nls folder's name; "default" for the file next to the forms. */
  readonly language: string;
  /** The name of the file's text encoding, as in files/text-encoding. */
  readonly encoding: string;
  readonly before: FileFingerprint;
  readonly after: FileFingerprint;
  /** By ascending offset, not overlapping. */
  readonly splices: readonly Splice[];
}

/** A directory value: text as it is, anything that is not clean UTF-8 text as base64. */
export type PlanValue = WrittenValue;

/** An attribute of an entry with its values. */
export interface PlanAttribute {
  readonly name: string;
  readonly values: readonly PlanValue[];
  /** The schema says that it is a back link, which the directory computes: never compared, never written. */
  readonly isBackLink?: true;
  /** Of a back link: the attribute of other entries that it shows. */
  readonly linksFrom?: string;
}

/**
 * One attribute's edit: exactly these values go, exactly those come; the server refuses it if they are not there any
 * more.
 */
export interface AttributeEdit {
  readonly attribute: string;
  readonly remove: readonly PlanValue[];
  readonly add: readonly PlanValue[];
  /** The attribute holds only the values that are removed; any other value found there is drift. */
  readonly singleValued?: true;
  /** Every value that the attribute held when the plan was made, where the plan knows them: for before.ldf. */
  readonly held?: readonly PlanValue[];
  /** The text in the diff for a missing value: "not set: 60 days". */
  readonly whenUnset?: string;
}

/** An edit of attributes of one entry, found by its objectGUID. */
export interface ModifyChange {
  readonly kind: 'modify';
  readonly dn: string;
  readonly guid: string;
  readonly edits: readonly AttributeEdit[];
}

/** An entry that is deleted, as it was read before. */
export interface DeletedEntry {
  readonly dn: string;
  readonly guid: string;
  /** uSNChanged on the DC that the plan was made on, decimal. */
  readonly usnChanged: string;
  /** Everything that it holds: what the review shows and what undo brings back. */
  readonly attributes: readonly PlanAttribute[];
}

/** The delete of one entry that is still exactly as it was read. */
export interface DeleteChange extends DeletedEntry {
  readonly kind: 'delete';
  /** objectGUIDs of the children that earlier changes of the plan delete; any other child is drift. */
  readonly children: readonly string[];
}

/** The delete of a whole subtree by one request (control 1.2.840.113556.1.4.805). */
export interface DeleteTreeChange {
  readonly kind: 'delete-tree';
  readonly dn: string;
  readonly guid: string;
  /** Every entry of the subtree, the root first. */
  readonly entries: readonly DeletedEntry[];
}

/** A deleted entry restored under its old objectGUID, with the attributes that its tombstone lost. */
export interface UndeleteChange {
  readonly kind: 'undelete';
  readonly dn: string;
  readonly guid: string;
  /** The DN of the deleted object; none if the entry is back already and only lacks some of the attributes. */
  readonly tombstoneDn?: string;
  /** The classes of the entry: what has other classes is another entry, even with this objectGUID. */
  readonly objectClass?: readonly string[];
  readonly attributes: readonly PlanAttribute[];
}

/** An entry made again with a new objectGUID, where its tombstone is gone. */
export interface AddChange {
  readonly kind: 'add';
  readonly dn: string;
  readonly attributes: readonly PlanAttribute[];
}

/** A change that this tool writes to a directory. */
export type DirectoryChange = ModifyChange | DeleteChange | DeleteTreeChange | UndeleteChange | AddChange;

/**
 * The removal of a lingering object, which only its DC can do, on request (MS-ADTS 3.1.1.3.3.15). It has no writer: it is
 * handed over.
 */
export interface RemoveLingeringChange {
  readonly kind: 'remove-lingering';
  /** On the DC that has it. */
  readonly dn: string;
  readonly guid: string;
  /** DNS name of the DC that has it. */
  readonly on: string;
  /** DNS name and DSA GUID of the DC with a writable copy that has deleted it and no longer has the tombstone. */
  readonly reference: { readonly host: string; readonly dsaGuid: string };
  readonly namingContext: string;
  /** Everything that it holds. */
  readonly attributes: readonly PlanAttribute[];
}

/** A change of an entry, whichever writer carries it out. */
export type EntryChange = DirectoryChange | RemoveLingeringChange;
/** One edit of one file or entry. */
export type Change = FileChange | EntryChange;

/** Whether this tool writes the change to a directory. */
export function isDirectoryChange(change: Change): change is DirectoryChange {
  return change.kind !== 'file' && change.kind !== 'remove-lingering';
}

/** What a change deletes, parents before children. */
export function deletedBy(change: Change): readonly DeletedEntry[] {
  if (change.kind === 'delete') return [change];
  return change.kind === 'delete-tree' ? change.entries : [];
}

/** Files below these folders, absolute. */
export interface FilesTarget {
  readonly kind: 'files';
  readonly roots: readonly string[];
}

/** How the plan's directory was reached, without the password. */
export type PlanConnection =
  | {
      readonly kind: 'server';
      readonly host: string;
      readonly port: number;
      /** How the run that made the plan logged on. The user who applies it logs on with their own account. */
      readonly auth: 'integrated' | 'password';
      readonly tls: 'ldaps' | 'starttls' | 'none';
      readonly tlsName?: string;
      /** The DNS server that is asked for domain controllers, if not this computer's. */
      readonly dns?: string;
      /** Of a password logon. */
      readonly user?: string;
    }
  | { readonly kind: 'ldif'; readonly files: readonly string[] }
  /** The forest of the practice site that the change folder lies in. */
  | { readonly kind: 'practice' };

/** A forest, and the DC on which the plan was made. */
export interface ForestTarget {
  readonly kind: 'forest';
  readonly configurationNamingContext: string;
  /** objectGUID of the configuration naming context's head: the forest's identity. */
  readonly objectGuid: string;
  /** dNSHostName of the DC that the plan was made on. */
  readonly domainController: string;
  readonly connection: PlanConnection;
}

/** What a plan changes. */
export type Target = FilesTarget | ForestTarget;

/** What a directory plan is about: the server object, the Directory Service object. */
export interface Subject {
  readonly dn: string;
  /** objectGUID. */
  readonly guid: string;
}

/** What was asked for, in the remedy's own terms: the new lifetime, the label of each key, the references kept. */
export type Intent = Readonly<Record<string, JsonValue>>;

/** Something that was checked and is not changed, and why. */
export interface LeftOut {
  /** A path, a DN, or the name of a reference. */
  readonly what: string;
  /** The id of the finding that says why, or of the choice that leaves it out. */
  readonly reason: string;
  /** What is particular to this one, as it was recorded. */
  readonly detail?: string;
  /** Of a reference to entries that the plan deletes. */
  readonly reference?: ReferenceLeft;
}

/** Where a reference that is left out leads, and why it is. */
export interface ReferenceLeft {
  /** DNs of the entries that it names, among those that the plan deletes. */
  readonly to: readonly string[];
  readonly because: WhyLeft;
}

/** A link is not kept: the directory removes its value with the entry that it names. */
export const whyLeft = [
  'link',
  'chosen',
  'no-right',
  'needs-another-value',
  'mandatory',
  'system-only',
  'in-another-domain',
  'past-the-limit',
  'mailbox',
  'role',
  'text',
] as const;
/** Why a reference stays. */
export type WhyLeft = (typeof whyLeft)[number];

/** The plan that an undo reverses. */
export interface Undone {
  readonly id: string;
  readonly seal: string;
  /** Its change folder, as the undo's own folder sees it. */
  readonly folder: string;
  /** How many records its journal held when the undo was planned. */
  readonly seq: number;
}

/** What would be written, and what would not. The order of its changes is the order of writing. */
export interface Proposal<C extends Change = Change> {
  readonly target: Target;
  readonly subject?: Subject;
  readonly intent: Intent;
  readonly changes: readonly C[];
  readonly leftOut: readonly LeftOut[];
  readonly undoes?: Undone;
}

/** The parameters of each next step of a remedy, by the id of the step. */
export type NextStepShapes = Readonly<Record<string, Extract<Shape, { readonly members: unknown }>>>;

/** What is wrong with the next steps of a plan, a sentence for each that its remedy does not know. */
export function faultsOfNextSteps(steps: readonly NextStep[], shapes: NextStepShapes): readonly string[] {
  const isKnown = (step: NextStep): boolean => {
    const shape = Object.hasOwn(shapes, step.id) ? shapes[step.id] : undefined;
    return shape !== undefined && flawIn(step, { ...shape, members: { id: 'text', ...shape.members } }) === undefined;
  };
  return steps.filter((step) => !isKnown(step)).map(({ id }) => `Its next step ${id} is unknown or incomplete.`);
}

/** Who made a plan, as the operating system says. */
export interface Author {
  readonly account: string;
  readonly computer: string;
}

/** A proposal with all conclusions from the facts, sealed. */
export interface Plan<C extends Change = Change> extends Proposal<C> {
  readonly format: typeof planFormat;
  readonly version: typeof planVersion;
  /** UUID. */
  readonly id: string;
  /** Name and version of the tool that made it. */
  readonly tool: string;
  /** ISO 8601, UTC. */
  readonly created: string;
  readonly by: Author;
  /** Why, for the reviewer: --reason and --ticket. */
  readonly reason?: string;
  readonly ticket?: string;
  /** The name of the remedy that made it; the same remedy judges and draws it. */
  readonly remedy: string;
  readonly findings: readonly Finding[];
  readonly exhibits: readonly Exhibit[];
  readonly nextSteps: readonly NextStep[];
  /** SHA-256 (hex) over the canonical form of all the rest. */
  readonly seal: string;
}

/** What applying a plan attempts, in the words of an error: an undo is applied to undo another plan. */
export function applying({ undoes }: Pick<Plan, 'undoes'>): string {
  return undoes === undefined ? 'apply the plan' : 'undo the plan';
}
