/** The labels remedy: new logon labels in the strings.txt files of TMG and ISA form sets. */

import type { FileChange } from '../../change/plan.ts';
import type { Remedy } from '../remedy.ts';
import { ask } from './ask.ts';
import { assess } from './assess.ts';
import { describe, nextStepsOf } from './describe.ts';
import type { LabelsFacts } from './facts.ts';
import { flags } from './flags.ts';
import { gather } from './gather.ts';
import { permits } from './intent.ts';
import { type LabelsOptions, readOptions } from './options.ts';
import { practice } from './practice.ts';
import { propose } from './propose.ts';
import { survey } from './survey.ts';
import { upnRecords } from './upn-check.ts';
import { templateFile } from './wording-template.ts';

/** The labels remedy. */
export const labels: Remedy<LabelsOptions, LabelsFacts, FileChange> = {
  flags,
  readOptions,
  gather,
  survey,
  ask,
  propose,
  assess,
  record: (_, proposal) => ({ exhibits: [], nextSteps: nextStepsOf(proposal) }),
  describe,
  records: upnRecords,
  files: templateFile,
  permits,
  practice,
};
