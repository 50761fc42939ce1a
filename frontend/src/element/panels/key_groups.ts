/** Which chords the Keys panel offers, by protocol. Titles and labels are keys of the texts. */

import type { Protocol } from "../../core/protocols.ts";
import type { TextKey } from "../../i18n/texts.ts";
import { chord, type Chord } from "../../keyboard/keys.ts";

export interface OfferedChord extends Chord {
  /** What the button shows where the name is too long or does not say enough. */
  readonly label?: string;
  readonly means?: TextKey;
  /** Data may be lost by pressing it. */
  readonly dangerous?: boolean;
}

export interface ChordGroup {
  readonly title: TextKey;
  readonly columns: 2 | 3 | 4;
  readonly chords: readonly OfferedChord[];
}

export const CTRL_ALT_DEL = chord("Ctrl+Alt+Del");

const VNC: readonly ChordGroup[] = [
  {
    title: "keys.kept",
    columns: 3,
    chords: ["Ctrl+W", "Ctrl+T", "Ctrl+N", "Alt+Tab", "Alt+F4", "Ctrl+Esc"].map(chord),
  },
  { title: "keys.single", columns: 4, chords: ["Esc", "Tab", "Super", "Print"].map(chord) },
  {
    title: "keys.text_consoles",
    columns: 4,
    chords: Array.from({ length: 12 }, (_, n) => ({ ...chord(`Ctrl+Alt+F${n + 1}`), label: `F${n + 1}` })),
  },
  {
    title: "keys.rescue",
    columns: 2,
    chords: [
      rescue("S", "keys.sync"),
      rescue("U", "keys.read_only"),
      { ...rescue("B", "keys.restart"), dangerous: true },
      rescue("H", "keys.help"),
    ],
  },
];

const SERIAL: readonly ChordGroup[] = [
  { title: "keys.kept", columns: 4, chords: ["Ctrl+W", "Ctrl+T", "Ctrl+N", "Ctrl+C"].map(chord) },
  {
    title: "keys.single",
    columns: 4,
    chords: ["Esc", "Tab", "Ctrl+D", "Ctrl+Z", "Home", "End", "PageUp", "PageDown"].map(chord),
  },
];

export const CHORD_GROUPS: Readonly<Record<Protocol, readonly ChordGroup[]>> = { vnc: VNC, serial: SERIAL };

function rescue(key: string, means: TextKey): OfferedChord {
  return { ...chord(`Alt+SysRq+${key}`), label: key, means };
}
