/** Exhibits: the data of a picture of the facts. Terminal, text and page each draw them in their own way. */

/** The data of one picture. */
export type Exhibit =
  | RemarksExhibit
  | PropertiesExhibit
  | TableExhibit
  | BarsExhibit
  | HistogramExhibit
  | TreeExhibit
  | MatrixExhibit;

interface Titled {
  /** Stable within a remedy: "replication", "deleted-objects". */
  readonly id: string;
  /** What the picture shows, as a heading; '' if it needs none. */
  readonly title: string;
}

/** How a value is to be judged. Without colour, `watch` and `bad` show as a word or a sign. */
export type Mark = 'good' | 'watch' | 'bad' | 'unknown';

/** Sentences, each with a mark where it has one. */
export interface RemarksExhibit extends Titled {
  readonly kind: 'remarks';
  readonly rows: readonly { readonly text: string; readonly mark?: Mark }[];
}

/** Names with their values: "tombstoneLifetime  60 days  not set". */
export interface PropertiesExhibit extends Titled {
  readonly kind: 'properties';
  readonly rows: readonly { readonly name: string; readonly value: string; readonly note?: string }[];
}

/** Rows of cells below headings. */
export interface TableExhibit extends Titled {
  readonly kind: 'table';
  readonly columns: readonly { readonly heading: string; readonly align?: 'right' }[];
  /** Rows by group; a group with the heading '' has none. */
  readonly groups: readonly {
    readonly heading: string;
    readonly rows: readonly {
      readonly cells: readonly string[];
      /** Further lines below the row. */
      readonly details?: readonly string[];
      readonly mark?: Mark;
    }[];
  }[];
}

/** Bars against a limit: how long ago each DC last heard of the others, against a number of days. */
export interface BarsExhibit extends Titled {
  readonly kind: 'bars';
  readonly unit: 'days';
  readonly limit: number;
  readonly rows: readonly {
    readonly name: string;
    /** Where it is: a site. */
    readonly place?: string;
    /** The value in words: "47 days", "cut off: does not answer". */
    readonly text: string;
    /** Not known if left out. */
    readonly value?: number;
    readonly mark: Mark;
    readonly note?: string;
  }[];
}

/** Counts by age, with limits marked: deleted objects by day, the old and the new lifetime. */
export interface HistogramExhibit extends Titled {
  readonly kind: 'histogram';
  readonly unit: 'days';
  /** Both ends belong to the range. */
  readonly buckets: readonly { readonly from: number; readonly to: number; readonly count: number }[];
  readonly limits: readonly { readonly at: number; readonly text: string }[];
}

/** A tree, parents before children and a child one deeper than its parent, with what refers to each node. */
export interface TreeExhibit extends Titled {
  readonly kind: 'tree';
  readonly nodes: readonly { readonly depth: number; readonly text: string; readonly notes: readonly string[] }[];
}

/** What holds for each pair of a row and a column: DC × partition. */
export interface MatrixExhibit extends Titled {
  readonly kind: 'matrix';
  readonly columns: readonly string[];
  readonly rows: readonly {
    readonly name: string;
    readonly cells: readonly { readonly text: string; readonly mark?: Mark }[];
  }[];
}
