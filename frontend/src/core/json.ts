/** Reading answers whose shape is not yet known to be right: whatever is missing or strange becomes empty. */

export function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function asDate(value: unknown): Date | null {
  const date = new Date(asText(value));
  return Number.isNaN(date.getTime()) ? null : date;
}
