/**
 * The plan: what will be changed, on what, why, and what each change expects to find.
 * One plan object is previewed, saved, handed over, applied and undone, so that no two of them can disagree.
 */

export const planFormat = 'adsi-remedy/plan';
export const planVersion = 1;

export type RemedyName = 'labels' | 'orphan' | 'tombstone';

export type FindingLevel = 'blocker' | 'warning' | 'note';

/** A conclusion from the facts. A blocker that is not accepted stops the change. */
export interface Finding {
  /** Stable within a remedy, so that it can be named after --accept: "dc4-past-lifetime". */
  readonly id: string;
  readonly level: FindingLevel;
  readonly title: string;
  /** What it means and what to do, in plain words. */
  readonly detail: string;
  /** What was seen: paths, DNs, values. */
  readonly evidence: readonly string[];
  /** Whether a person may overrule this blocker by its id. */
  readonly acceptable: boolean;
  readonly accepted: boolean;
}

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
  readonly path: string;
  /** The array member or folder that the user named, as found on this run. */
  readonly root: string;
  readonly set: string;
  readonly class: string;
  /** The nls folder's name; "default" for the file beside the forms. */
  readonly language: string;
  /** The name of the file's text encoding, as in files/text-encoding. */
  readonly encoding: string;
  readonly before: FileFingerprint;
  readonly after: FileFingerprint;
  /** By ascending offset, not overlapping. */
  readonly splices: readonly Splice[];
}

/** A directory value: text as it is, anything that is not clean UTF-8 text as base64. */
export type PlanValue = string | { readonly base64: string };

export interface PlanAttribute {
  readonly name: string;
  readonly values: readonly PlanValue[];
}

/** One attribute's edit: exactly these values go, exactly those come; the server refuses it if they are not there any more. */
export interface AttributeEdit {
  readonly attribute: string;
  readonly remove: readonly PlanValue[];
  readonly add: readonly PlanValue[];
  /** The attribute holds nothing but what is removed; any other value that is found there is drift. */
  readonly singleValued?: true;
  /** Every value that the attribute held when the plan was made, where the plan knows them: for before.ldf. */
  readonly held?: readonly PlanValue[];
  /** What no value means here, for the side of the diff that has none: "not set: 60 days". */
  readonly whenUnset?: string;
}

/** An edit of attributes of one entry, found by its objectGUID. */
export interface ModifyChange {
  readonly kind: 'modify';
  readonly dn: string;
  readonly guid: string;
  readonly edits: readonly AttributeEdit[];
}

/** An entry that goes, as it was read. */
export interface DoomedEntry {
  readonly dn: string;
  readonly guid: string;
  /** uSNChanged on the DC that the plan was made on, decimal. */
  readonly usnChanged: string;
  /** Everything that it holds: what the review shows and what undo brings back. */
  readonly attributes: readonly PlanAttribute[];
}

/** The delete of one entry that is still exactly as it was read. */
export interface DeleteChange extends DoomedEntry {
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
  readonly entries: readonly DoomedEntry[];
}

/** A deleted entry brought back under its old objectGUID, with what its tombstone lost. */
export interface UndeleteChange {
  readonly kind: 'undelete';
  readonly dn: string;
  readonly guid: string;
  /** The DN of the deleted object; none where the entry is back already and only lacks some of the attributes. */
  readonly tombstoneDn?: string;
  readonly attributes: readonly PlanAttribute[];
}

/** An entry made again with a new objectGUID, where its tombstone is gone. */
export interface AddChange {
  readonly kind: 'add';
  readonly dn: string;
  readonly attributes: readonly PlanAttribute[];
}

export type DirectoryChange = ModifyChange | DeleteChange | DeleteTreeChange | UndeleteChange | AddChange;
export type Change = FileChange | DirectoryChange;

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
      readonly tls: 'ldaps' | 'starttls' | 'none';
      readonly caFile?: string;
      readonly tlsName?: string;
      /** The DNS server that is asked for domain controllers, if not this computer's. */
      readonly dns?: string;
      readonly user: string;
    }
  | { readonly kind: 'ldif'; readonly file: string }
  /** The practice site's forest, laid out in this folder. */
  | { readonly kind: 'practice'; readonly folder: string };

export interface ForestTarget {
  readonly kind: 'forest';
  readonly configurationNamingContext: string;
  /** objectGUID of the configuration naming context's head: the forest's identity. */
  readonly objectGuid: string;
  /** dNSHostName of the DC that the plan was made on. */
  readonly domainController: string;
  readonly connection: PlanConnection;
}

export type Target = FilesTarget | ForestTarget;

export interface Plan<C extends Change = Change> {
  readonly format: typeof planFormat;
  readonly version: typeof planVersion;
  /** UUID. */
  readonly id: string;
  /** Name and version of the tool that made it. */
  readonly tool: string;
  /** ISO 8601, UTC. */
  readonly created: string;
  readonly remedy: RemedyName;
  /** The plan that this one reverses, if it is an undo: its id and its change folder, whose journal is told. */
  readonly undoes?: { readonly id: string; readonly folder: string };
  readonly target: Target;
  readonly findings: readonly Finding[];
  readonly changes: readonly C[];
  /** SHA-256 (hex) over the canonical form of all the rest. */
  readonly seal: string;
}
