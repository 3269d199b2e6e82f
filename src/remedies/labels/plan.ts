import type { FileChange, FilesTarget } from '../../change/plan.ts';
import { blockersOf, isChangedAnyway } from './assess.ts';
import type { LabelFile, LabelsFacts } from './gather.ts';
import type { LabelsOptions } from './options.ts';

/** The edits that give every file its new label: those that nothing stands in the way of, and those accepted. */
export function plan(
  facts: LabelsFacts,
  options: LabelsOptions,
): { readonly target: FilesTarget; readonly changes: readonly FileChange[] } {
  const locked = new Set(facts.lockedFolders);
  return {
    target: { kind: 'files', roots: facts.roots },
    changes: facts.files.flatMap((file) =>
      blockersOf(file, locked).every((blocker) => isChangedAnyway(blocker.id, options)) ? changeOf(file) : [],
    ),
  };
}

function changeOf(file: LabelFile): readonly FileChange[] {
  const { content } = file;
  if (content.kind !== 'strings' || content.edit.kind !== 'splices') return [];
  return [
    {
      kind: 'file',
      path: file.realPath,
      root: file.root,
      set: file.set,
      class: file.class,
      language: file.language,
      encoding: content.encoding,
      before: file.fingerprint,
      after: content.edit.after,
      splices: content.edit.splices,
    },
  ];
}
