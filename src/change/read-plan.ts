/** Reading a plan that was saved, perhaps by someone else: it is used only if its shape is complete and its seal matches. */

import { FileError, PlanNotUsableError, RemedyError } from '../errors.ts';
import { errnoInWords, type Patience } from '../files/system-errors.ts';
import { asciiJson } from '../quoting.ts';
import { readPlainFile } from './folder-files.ts';
import { duplicateMember, flawIn, isObject, type Shape } from './json-shape.ts';
import { type Plan, planFormat, planVersion, whyLeft } from './plan.ts';
import { sealOf } from './seal.ts';

/**
 * Reads a plan file and checks it: JSON, format, version, the shape of every member, and the seal.
 * @throws FileError if it can't be read; PlanNotUsableError if it is half-written, of another version, misshapen, or not
 * as it was sealed
 */
export async function readPlan(path: string, patience: Patience): Promise<Plan> {
  return parsePlan(await readPlanFile(path, patience), path);
}

/**
 * The text of a plan file, which `parsePlan` checks.
 * @throws FileError if it can't be read; RefusedError if it is a link or a pipe
 */
export async function readPlanFile(path: string, patience: Patience): Promise<string> {
  return readPlainFile(path, patience).catch((error: unknown) => {
    if (error instanceof RemedyError) throw error;
    throw new FileError({
      attempted: 'read the plan',
      on: path,
      cameBack: errnoInWords(error),
      next: 'Give the change folder that --save wrote: it holds plan.json.',
      cause: error,
    });
  });
}

/**
 * The plan of a plan file's text, checked as `readPlan` does; `path` is for the messages.
 * @throws PlanNotUsableError
 */
export function parsePlan(text: string, path: string): Plan {
  const refuse = (cameBack: string, next: string): PlanNotUsableError =>
    new PlanNotUsableError({ attempted: 'use the plan', on: path, cameBack, next });
  const again = 'Nothing was changed. Make the plan again, or get an intact copy of the file.';

  // An editor that has saved the file unchanged may have put a byte order mark before it.
  const json = text.replace(/^\ufeff/, '');
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // The parser's own message is about characters; the user needs to know that the plan is incomplete.
    throw refuse(`it is not JSON, or was written only in part (${text.length} characters)`, again);
  }
  if (!isObject(value) || value['format'] !== planFormat) throw refuse(`it is not of the format ${planFormat}`, again);
  const { version } = value;
  if (version !== planVersion) {
    throw refuse(
      `it is of version ${asciiJson(version)}, and this tool reads version ${planVersion}`,
      typeof version === 'number' && version > planVersion
        ? 'Nothing was changed. A newer adsi-remedy made the plan: use that, or make the plan again with this one.'
        : 'Nothing was changed. Make the plan again with this tool. The former content of targets that an older plan changed is in backup/ of its folder.',
    );
  }
  const flaw = flawInPlan(value);
  if (!isPlan(value, flaw)) throw refuse(`${flaw} is missing, unknown, duplicated or of the wrong kind`, again);
  const duplicate = duplicateMember(json);
  if (duplicate !== undefined) throw refuse(`the member ${asciiJson(duplicate)} occurs twice in one object`, again);
  if (sealOf(value) !== value.seal) {
    throw refuse(
      'its seal does not match: it was edited after it was made',
      'Nothing was changed. Do not edit a plan: make a new one with the choices that you want.',
    );
  }
  return value;
}

/**
 * The place of the first member of a plan that is missing, unknown, duplicated or of the wrong kind; undefined if there
 * is none.
 */
export function flawInPlan(plan: object): string | undefined {
  const target: unknown = 'target' in plan ? plan.target : undefined;
  // A plan for files holds changes of files alone, one for a directory changes of entries alone.
  return flawIn(plan, isObject(target) && target['kind'] === 'forest' ? forestPlan : filesPlan);
}

function isPlan(_value: object, flaw: string | undefined): _value is Plan {
  return flaw === undefined;
}

const texts: Shape = { items: 'text' };
const natural: Shape = { integer: [0, Number.MAX_SAFE_INTEGER] };
const uuid = /^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/;
const sha256 = /^[0-9a-f]{64}$/;
/** As it is written from bytes: no bit is left over at the end, so that the same bytes are always the same text. */
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;
const decimal = /^\d{1,20}$/;
/** A name without control characters: ids of findings and steps, attributes, hosts. */
const name = /^[^\u0000-\u001f\u007f-\u009f]{1,1024}$/u;

const fingerprint: Shape = { members: { length: natural, sha256 } };
/** UTF-8 has no half characters: it would be written as U+FFFD, which is not what the review shows. */
const wholeText = /^\P{Surrogate}*$/u;
const planValue: Shape = { either: [wholeText, { members: { base64 } }] };
const values: Shape = { items: planValue };
/**
 * As a directory calls it when it is read: an OID or an option is another name for an attribute that the remedies know by
 * its own. What no directory shows, the secrets of accounts (MS-ADTS 3.1.1.4.4), no honest plan holds.
 */
const attributeName =
  /^(?!(?:[dD][bB][cC][sS][pP][wW][dD]|[uU][nN][iI][cC][oO][dD][eE][pP][wW][dD])$)[A-Za-z][A-Za-z0-9-]*$/;
/** Each once: of two only one would be compared with the entry, and both would be shown. */
const attributes: Shape = {
  items: { members: { name: attributeName, values }, optional: { isBackLink: 'boolean', linksFrom: attributeName } },
  distinctBy: 'name',
};
const deletedEntry = { dn: 'dn', guid: uuid, usnChanged: decimal, attributes } as const;

const fileChange: Shape = {
  members: {
    kind: { oneOf: ['file'] },
    path: 'text',
    root: 'text',
    set: 'text',
    class: 'text',
    language: 'text',
    encoding: name,
    before: fingerprint,
    after: fingerprint,
    splices: {
      items: { members: { key: 'text', line: natural, offset: natural, old: base64, new: base64 } },
    },
  },
  optional: { realPath: 'text' },
};

const edit: Shape = {
  members: { attribute: attributeName, remove: values, add: values },
  optional: { singleValued: 'boolean', held: values, whenUnset: 'text' },
};

const directoryChange: Shape = {
  kinds: {
    // Each attribute once: who judges a change by the first edit of one has to see the only one.
    modify: { members: { kind: 'text', dn: 'dn', guid: uuid, edits: { items: edit, distinctBy: 'attribute' } } },
    delete: { members: { kind: 'text', ...deletedEntry, children: { items: uuid } } },
    'delete-tree': {
      members: { kind: 'text', dn: 'dn', guid: uuid, entries: { items: { members: deletedEntry } } },
    },
    undelete: {
      members: { kind: 'text', dn: 'dn', guid: uuid, attributes },
      optional: { tombstoneDn: 'dn', objectClass: { items: name } },
    },
    add: { members: { kind: 'text', dn: 'dn', attributes } },
    'remove-lingering': {
      members: {
        kind: 'text',
        dn: 'dn',
        guid: uuid,
        on: name,
        reference: { members: { host: name, dsaGuid: uuid } },
        namingContext: 'dn',
        attributes,
      },
    },
  },
};

const connection: Shape = {
  kinds: {
    server: {
      members: {
        kind: 'text',
        host: name,
        port: { integer: [1, 65_535] },
        auth: { oneOf: ['integrated', 'password'] },
        tls: { oneOf: ['ldaps', 'starttls', 'none'] },
      },
      optional: { user: 'text', tlsName: name, dns: name },
    },
    ldif: { members: { kind: 'text', files: texts } },
    practice: { members: { kind: 'text' } },
  },
};

const filesTarget: Shape = { members: { kind: { oneOf: ['files'] }, roots: texts } };
const forestTarget: Shape = {
  members: {
    kind: { oneOf: ['forest'] },
    configurationNamingContext: 'dn',
    objectGuid: { either: [uuid, { oneOf: ['unknown'] }] },
    domainController: name,
    connection,
  },
};

const finding: Shape = {
  members: {
    id: name,
    level: { oneOf: ['blocker', 'warning', 'note'] },
    title: 'text',
    detail: 'text',
    evidence: texts,
    subjects: texts,
    acceptable: 'boolean',
    accepted: 'boolean',
  },
  optional: {
    steps: { items: 'object' },
    measure: {
      members: {
        value: { integer: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER] },
        unit: { oneOf: ['days', 'objects', 'files', 'entries', 'references'] },
      },
    },
    source: { members: { name: 'text', read: time }, optional: { sha256 } },
  },
};

const mark: Shape = { oneOf: ['good', 'watch', 'bad', 'unknown'] };
const count: Shape = { integer: [0, Number.MAX_SAFE_INTEGER] };
const titled = { kind: 'text', id: name, title: 'text' } as const;

const exhibit: Shape = {
  kinds: {
    remarks: { members: { ...titled, rows: { items: { members: { text: 'text' }, optional: { mark } } } } },
    properties: {
      members: { ...titled, rows: { items: { members: { name: 'text', value: 'text' }, optional: { note: 'text' } } } },
    },
    table: {
      members: {
        ...titled,
        columns: { items: { members: { heading: 'text' }, optional: { align: { oneOf: ['right'] } } } },
        groups: {
          items: {
            members: {
              heading: 'text',
              rows: { items: { members: { cells: texts }, optional: { details: texts, mark } } },
            },
          },
        },
      },
    },
    bars: {
      members: {
        ...titled,
        unit: { oneOf: ['days'] },
        limit: 'number',
        rows: {
          items: {
            members: { name: 'text', text: 'text', mark },
            optional: { place: 'text', value: 'number', note: 'text' },
          },
        },
      },
    },
    histogram: {
      members: {
        ...titled,
        unit: { oneOf: ['days'] },
        buckets: { items: { members: { from: 'number', to: 'number', count } } },
        limits: { items: { members: { at: 'number', text: 'text' } } },
      },
    },
    tree: {
      members: {
        ...titled,
        nodes: { items: { members: { depth: { integer: [0, 1000] }, text: 'text', notes: texts } } },
      },
    },
    matrix: {
      members: {
        ...titled,
        columns: texts,
        rows: {
          items: {
            members: { name: 'text', cells: { items: { members: { text: 'text' }, optional: { mark } } } },
          },
        },
      },
    },
  },
};

const common = {
  format: { oneOf: [planFormat] },
  version: { integer: [planVersion, planVersion] },
  id: uuid,
  tool: name,
  created: time,
  by: { members: { account: 'text', computer: 'text' } },
  remedy: name,
  intent: 'object',
  leftOut: {
    items: {
      members: { what: 'text', reason: name },
      optional: {
        detail: 'text',
        reference: { members: { to: { items: 'dn' }, because: { oneOf: whyLeft } } },
      },
    },
  },
  findings: { items: finding },
  exhibits: { items: exhibit },
  nextSteps: { items: 'object' },
  seal: sha256,
} as const;

const optional: Readonly<Record<string, Shape>> = {
  reason: 'text',
  ticket: 'text',
  subject: { members: { dn: 'dn', guid: uuid } },
  undoes: { members: { id: uuid, seal: sha256, folder: 'text', seq: natural } },
};

/** The whole shape of a plan for files; templates/schema/plan.schema.json is drawn from it. */
export const filesPlan: Shape = {
  members: { ...common, target: { kinds: { files: filesTarget } }, changes: { items: fileChange } },
  optional,
};
/** The whole shape of a plan for a directory; templates/schema/plan.schema.json is drawn from it. */
export const forestPlan: Shape = {
  members: { ...common, target: { kinds: { forest: forestTarget } }, changes: { items: directoryChange } },
  optional,
};
