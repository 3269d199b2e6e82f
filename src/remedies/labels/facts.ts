/** The facts about form sets. */

import type { SameFolder } from '../../files/folder-names.ts';
import type { OwnAccess, Ownership } from '../../files/own-access.ts';
import type { StringsFile, TemplateTree } from '../../files/template-tree.ts';
import type { Form } from './forms.ts';
import type { FileContent } from './strings-content.ts';
import type { UpnCheck } from './upn-check.ts';

/** One strings.txt: its place, its properties in the file system, and its content. */
export interface LabelFile extends StringsFile {
  readonly content: FileContent | { readonly kind: 'unreadable'; readonly cameBack: string };
  readonly readOnly: boolean;
  /** How many names the file has; more than 1 means hard links. */
  readonly names: number;
  /** Its owner, if a new file could not be given to them. */
  readonly foreignOwner?: Ownership;
}

/** Everything that was read of the form sets and around them. */
export interface LabelsFacts {
  /** Whether form sets were looked for, or only the files of a plan were looked at. */
  readonly scope: 'new' | 'plan';
  /** The folder that relative paths start from. */
  readonly currentFolder: string;
  /** Each folder once, also where it was named twice. */
  readonly roots: readonly string[];
  /** Folders that were named again by another name: not looked through twice. */
  readonly namedAgain: readonly SameFolder[];
  /** Where each root really lies. */
  readonly realRoots: ReadonlyMap<string, string>;
  /** The keys whose values were read. */
  readonly keys: readonly string[];
  /** The form sets below each root; none for a plan's own files. */
  readonly trees: readonly TemplateTree[];
  /** The files that were read, by path, once by each name; of a plan that is resumed, those still to be changed. */
  readonly files: readonly LabelFile[];
  readonly isa2004: readonly string[];
  /** The forms and scripts next to the files. */
  readonly forms: readonly Form[];
  /** Folders of files that don't let a new file be written. */
  readonly lockedFolders: ReadonlySet<string>;
  /** Access entries that were set on single files; only Windows has a tool that lists them. */
  readonly access: OwnAccess;
  /** Who could not log on with the new label, if a directory was asked. */
  readonly upns?: UpnCheck;
}
