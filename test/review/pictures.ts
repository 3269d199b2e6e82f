/** Exhibits of each kind as lines from the margin on. */

import type { Exhibit } from '../../src/change/exhibits.ts';
import { type Canvas, pictureLines } from '../../src/review/exhibit-text.ts';

type Of<K extends Exhibit['kind']> = Extract<Exhibit, { kind: K }>;

const drawing =
  <K extends Exhibit['kind']>(kind: K) =>
  (exhibit: Omit<Of<K>, 'id' | 'kind'>, canvas: Canvas): Iterable<string> =>
    pictureLines({ ...exhibit, id: kind, kind } as unknown as Of<K>, canvas);

export const barLines = drawing('bars');
export const histogramLines = drawing('histogram');
export const matrixLines = drawing('matrix');
export const propertyLines = drawing('properties');
export const remarkLines = drawing('remarks');
export const treeLines = drawing('tree');
