/** A size: CSS pixels, a remote screen's pixels, or the columns and rows of a terminal. */
export interface Size {
  readonly width: number;
  readonly height: number;
}
