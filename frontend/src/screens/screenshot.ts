/** Hands what is on the screen to the person as a file. */

import { fileName } from "../core/sanitize.ts";

export function screenshotName(server: string, now: Date, suffix: "png" | "txt"): string {
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString();
  return `${fileName(server)}-${local.slice(0, 10)}-${local.slice(11, 19).replaceAll(":", "")}.${suffix}`;
}

export function download(picture: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(picture);
  link.download = name;
  link.click();
  // The browser has taken hold of the data by the next turn of its loop.
  setTimeout(() => URL.revokeObjectURL(link.href));
}
