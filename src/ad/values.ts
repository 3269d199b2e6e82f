/** One door to the syntaxes of directory values. */

export * from './duration-words.ts';
export * from './guid.ts';
export * from './scalar.ts';
export * from './sid.ts';
export * from './time.ts';
export * from './value-syntax-error.ts';
export * from './written-value.ts';
