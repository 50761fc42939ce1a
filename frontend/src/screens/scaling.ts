/** How large the remote screen is drawn. Pure arithmetic on CSS pixels. */

import type { Size } from "../core/size.ts";

/**
 * - `sharp`: fits the window; enlarged in whole steps of the display's own pixels only, so that nothing blurs.
 * - `smooth`: fills the window; edges are softened.
 * - `actual`: one pixel to one CSS pixel; what does not fit is scrolled to.
 * - `zoom`: so many percent of the actual size.
 */
export const SCALINGS = ["sharp", "smooth", "actual", "zoom"] as const;
export type Scaling = (typeof SCALINGS)[number];

export interface Drawn extends Size {
  /** Whole steps: draw hard pixel edges instead of softening them. */
  readonly pixelated: boolean;
}

export function drawnSize(remote: Size, room: Size, scaling: Scaling, pixelRatio: number, zoom = 100): Drawn {
  if (remote.width === 0 || remote.height === 0) return { width: 0, height: 0, pixelated: false };
  if (scaling === "actual") return { ...remote, pixelated: false };
  if (scaling === "zoom") return { ...scaled(remote, zoom / 100), pixelated: zoom >= 200 };
  const fit = Math.min(room.width / remote.width, room.height / remote.height);
  const steps = Math.floor(fit * pixelRatio);
  if (scaling === "smooth" || steps < 1) return { ...scaled(remote, fit), pixelated: false };
  return { ...scaled(remote, steps / pixelRatio), pixelated: true };
}

function scaled(size: Size, factor: number): Size {
  return { width: size.width * factor, height: size.height * factor };
}
