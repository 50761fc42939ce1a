/** Which rows of a long list are drawn. Pure: heights in CSS pixels, all rows of the same height. */

export interface Range {
  readonly first: number;
  /** One past the last. */
  readonly end: number;
}

/** Rows drawn beyond each edge of what is seen, so that a quick scroll meets no emptiness. */
const SPARE = 8;

export function visibleRows(count: number, rowHeight: number, scrolled: number, height: number): Range {
  const first = Math.max(0, Math.floor(scrolled / rowHeight) - SPARE);
  const end = Math.min(count, Math.ceil((scrolled + height) / rowHeight) + SPARE);
  return { first: Math.min(first, end), end };
}

/** Where to scroll so that a row is wholly seen: where it is already, if it is. */
export function scrollTo(row: number, rowHeight: number, scrolled: number, height: number): number {
  const top = row * rowHeight;
  return Math.min(top, Math.max(scrolled, top + rowHeight - height));
}
