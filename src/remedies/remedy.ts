/**
 * The contract between a remedy and everything around it. A remedy is one folder that implements this interface and one
 * line in index.ts; the runner takes it the same way as every other: gather → propose → assess → review → apply → undo.
 */

import type { Exhibit } from '../change/exhibits.ts';
import type { Finding, FindingDraft, NextStep } from '../change/findings.ts';
import type { Change, ForestTarget, Plan, Proposal } from '../change/plan.ts';
import type { Proof } from '../change/verify.ts';
import type { FileUser, WindowsTools } from '../files/own-access.ts';
import type { Patience } from '../files/system-errors.ts';
import type { Flags, FlagTable } from '../flags.ts';
import type { DirectorySession } from '../ldap/session.ts';
import type { Prompter } from '../terminal/prompter.ts';

/** The options that every remedy has. */
export interface RemedyOptions {
  /** Ids of findings that the user accepts. */
  readonly accept: readonly string[];
}

/** The parts of the process that a remedy may use. */
export interface Surroundings {
  /** The folder that relative paths start from. */
  readonly currentFolder: string;
  readonly platform: NodeJS.Platform;
  /** The drive of the Windows folder: "C:". */
  readonly systemDrive: string;
  /** The user that files are replaced by; none on Windows, which has no user numbers. */
  readonly user?: FileUser | undefined;
  /** The templates that come with the tool, a URL that ends in a slash. */
  readonly templates: URL;
  /** Shows what the run waits for. */
  readonly watch: Watch;
  /** With another program that has a file open. */
  readonly patience: Patience;
  /** Writes a command line as it can be pasted where the tool was started: a shell's quoting, "npx adsi-remedy@1.0.0". */
  readonly commandLine: (words: readonly string[]) => string;
  /**
   * Compares the objects of DCs if some are suspected of holding deleted objects; undefined if no remedy of the list
   * does.
   */
  readonly objectComparison?: ObjectComparison | undefined;
  /** Cleans up after a DC that is gone; undefined if no remedy of the list does. */
  readonly serverCleanup?: ServerCleanup | undefined;
}

/** DCs to compare, by their DNS names: some may hold objects that were deleted on the others. */
export interface ComparedControllers {
  /** The DC that is right. */
  readonly reference: string;
  /** Those that may hold deleted objects. */
  readonly targets: readonly string[];
}

/** A remedy that others lead to: it compares the objects of DCs. */
export interface ObjectComparison {
  /** Its name, as in its plans. */
  readonly name: string;
  /** Its command with the names filled in, as it can be pasted where the tool was started. */
  readonly command: (suspects: ComparedControllers) => string;
}

/** A remedy that others lead to: it cleans up after a DC that is gone. */
export interface ServerCleanup {
  /** Its command for a server object by its DN, as it can be pasted where the tool was started. */
  readonly command: (serverDn: string) => string;
}

/** The parts of the process that describing a plan needs. */
export type Leads = Pick<Surroundings, 'objectComparison' | 'serverCleanup'>;

/** The progress of gathering, for the progress rows. */
export interface Watch {
  /** Names the rows that will be shown. */
  readonly begin: (rows: readonly string[]) => void;
  readonly update: (row: string, state: string) => void;
  /** For many similar items: this many of a total. */
  readonly count: (done: number, total: number, what: string) => void;
}

interface AnyWorld extends Surroundings {
  readonly now: () => Date;
  /** Aborted when the deadline of gathering has passed, or by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** The world of a remedy on files. */
export interface FilesWorld extends AnyWorld {
  readonly kind: 'files';
  /** The tools of Windows; none elsewhere. */
  readonly tools?: WindowsTools | undefined;
  /** Opens the directory that the flags name, for a flag that asks for one. The runner closes it. */
  readonly openDirectory: () => Promise<DirectoryWorld>;
}

/** The world of a remedy on a directory, open for reading. */
export interface DirectoryWorld extends AnyWorld {
  readonly kind: 'directory';
  /** With the chosen DC. */
  readonly session: DirectorySession;
  /** The forest and the DC, as a plan names them. */
  readonly target: ForestTarget;
  /** Data missing from an export is unknown, not absent. */
  readonly isExport: boolean;
  /** Another session with the chosen DC. */
  reopen(): Promise<DirectorySession>;
  /** A session with another DC of the forest, with the same credentials and trust. */
  openOther(host: string): Promise<DirectorySession>;
  /** A session with a global catalog; undefined if none answers. The caller closes it. */
  openGlobalCatalog(): Promise<DirectorySession | undefined>;
}

/** Where a remedy works. */
export type World = FilesWorld | DirectoryWorld;

/** The scope of gathering. */
export type Scope<Options> =
  | { readonly kind: 'new'; readonly options: Options }
  /** A saved plan that is about to be applied, or an undo: its own changes, and the indices of those that are done. */
  | { readonly kind: 'plan'; readonly plan: Plan; readonly done: ReadonlySet<number> };

/** How a remedy asks. */
export interface Asking {
  /** If no question can be asked, each question is a UsageError that names the flag for its answer. */
  readonly prompter: Prompter;
  /** True for the wizard, which asks all that flags leave open; else only what is indispensable is asked. */
  readonly isWizard: boolean;
}

/** The result of asking. */
export type Answer<Options> =
  | { readonly kind: 'settled'; readonly options: Options }
  /** Facts for these options are needed before the next question: gather, show and ask again. */
  | { readonly kind: 'look-again'; readonly options: Options }
  /** The user chooses a way outside this tool: its steps are shown, and nothing is changed. */
  | { readonly kind: 'other-way'; readonly steps: readonly Step[] };

/** Something to do, in words, with the commands that do it. */
export interface Step {
  /** '' where the commands say it all. */
  readonly text: string;
  /** Each runs unchanged. */
  readonly commands: readonly string[];
  /** Names and lines that belong to it. */
  readonly lines?: readonly string[];
  /** Set if doing it, or not doing it, interrupts a service. */
  readonly outage?: true;
}

/** A plan in words, drawn from the plan alone. */
export interface Description {
  /** "Delete the server object EX04" */
  readonly title: string;
  /** Words that follow the number of files or entries: "in 41 languages". */
  readonly extent?: string;
  /** The change and its reason, for the first screen of the page. */
  readonly summary: readonly { readonly name: string; readonly value: string }[];
  /** Tables and trees of the changes, in addition to the diff. */
  readonly changes: readonly Exhibit[];
  readonly nextSteps: readonly Step[];
}

/** The steps of a finding in words, as its remedy draws them for the reader's shell. */
export type StepsOf = (finding: Pick<Finding, 'steps'>) => readonly Step[];

/** A plan in words, with those of its findings' steps. */
export interface PlanInWords extends Description {
  readonly stepsOf?: StepsOf;
}

/** A remedy on the practice site. */
export interface Practice {
  /** One line for the head of the practice site. */
  readonly about: string;
  /** Creates the remedy's files in the folder. */
  layOut?(folder: string, templates: URL): Promise<void>;
  /** Flags that every run on the site gets. */
  given(folder: string): readonly string[];
  /** Flags of the dry run where there is no terminal. */
  readonly dryRun: readonly string[];
}

/**
 * A remedy. Methods are pure except gather (reads, never writes), ask (asks, no other effect), readOptions (may read a
 * file that a flag names) and practice.
 */
export interface Remedy<Options extends RemedyOptions = RemedyOptions, Facts = unknown, C extends Change = Change> {
  readonly flags: FlagTable;

  /**
   * @param flags what was given for this remedy's flags and for --accept
   * @param mayAsk false if no question can be asked: `ask` refuses it then, with the flag for its answer
   * @throws UsageError
   */
  readOptions(flags: Flags, surroundings: Surroundings, mayAsk: boolean): Promise<Options>;

  /**
   * Reads the world, never writes.
   *
   * @param known facts that the same run read earlier, to build on
   * @throws DirectoryError or FileError if nothing can be said without what could not be read; RefusedError
   */
  gather(world: World, scope: Scope<Options>, known?: Facts): Promise<Facts>;

  /** What the screen shows before a question; in full, as --verbose has it, with every row of a long list. */
  survey(facts: Facts, options: Options, inFull: boolean): readonly Exhibit[];

  /** Asks what the options leave open. No effect but its questions, so that it can be run again with earlier answers. */
  ask(facts: Facts, options: Options, asking: Asking): Promise<Answer<Options>>;

  /** The id of the question whose answer a blocker is about, by the blocker's id: asked again where it is not accepted. */
  questionBehind?(blocker: string): string | undefined;

  /** The changes to write, and what is left out, with the reasons. */
  propose(facts: Facts, options: Options): Proposal<C>;

  /** The findings on these changes: of a new proposal, of a saved plan or of an undo. */
  assess(facts: Facts, proposal: Proposal<C>): readonly FindingDraft[];

  /** The facts that a plan keeps. */
  record(
    facts: Facts,
    proposal: Proposal<C>,
  ): { readonly exhibits: readonly Exhibit[]; readonly nextSteps: readonly NextStep[] };

  /**
   * The plan in words; of a plan that undoes another: the undo's words. Never trusts a sentence of the plan.
   *
   * @param leads the remedies that its steps lead to
   */
  describe(plan: Plan<C>, leads: Leads): Description;

  /**
   * A step of one of its findings in words: what to do by commands, which no finding holds itself. Undefined for a step
   * that this remedy never writes; a plan that holds one is not used.
   */
  stepOf?(step: NextStep, leads: Leads): Step | undefined;

  /** Files for the change folder in addition to the plan's own documents; the plan holds their SHA-256. */
  records?(
    facts: Facts,
  ): readonly { readonly name: string; readonly content: Iterable<string> | AsyncIterable<string> }[];

  /**
   * Files that a flag asks for in addition to the change: a template to fill in. The runner writes them, but never over
   * another file.
   */
  files?(facts: Facts, options: Options): readonly { readonly path: string; readonly content: string }[];

  /** What this remedy never writes, by the plan's shape and places: a sentence for each fault; [] permits the plan. */
  permits(plan: Plan<C>): readonly string[];

  /** The word that the user has to type before the plan is applied: the subject's name. */
  confirm?(plan: Plan<C>): string | undefined;

  /** How the change is verified if the default by kind of change is not enough; undefined if it is. */
  verify?(plan: Plan<C>): Proof | undefined;

  /** objectGUIDs of entries that the plan deletes and no undo can restore; values that name them are not restored either. */
  gone?(plan: Plan<C>): ReadonlySet<string>;

  /** For a remedy that writes nothing: its changes are handed over, and apply only checks again. */
  readonly handOver?: HandOver<Options, C>;

  readonly practice: Practice;
}

/** Needed to check again, for a remedy whose changes other tools carry out. */
export interface HandOver<Options extends RemedyOptions, C extends Change> {
  /** The options that the plan was made with. */
  optionsOf(plan: Plan<C>): Options;

  /** Whether everything could be read: else a plan without changes proves nothing. */
  isProven(plan: Plan<C>): boolean;
}
