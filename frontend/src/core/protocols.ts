/** The protocols of the consoles that a page can show. */
export const PROTOCOLS = ["vnc", "serial"] as const;
export type Protocol = (typeof PROTOCOLS)[number];
