/** Moments as a person says them: the time alone for today's, the date as well for others. */

export function timeOf(at: Date | null, now: Date, language: string): string {
  if (at === null) return "";
  const time = at.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
  return at.toDateString() === now.toDateString() ? time : `${at.toLocaleDateString(language)} ${time}`;
}
