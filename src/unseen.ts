/**
 * Characters that act on a terminal or on the order of the text around them, or are not drawn at all, so that a name can
 * look like another one: C0 and C1 controls, line and paragraph separators, halves of surrogate pairs, and (Unicode
 * properties Cf and Default_Ignorable_Code_Point) bidirectional marks, embeddings and isolates, joiners, zero-width
 * spaces, variation selectors; and the Braille pattern without dots, which no label holds.
 */
export const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u2028\u2029\u2800]/u;
