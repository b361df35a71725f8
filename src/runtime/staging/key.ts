/**
 * A text that is equal for equal attributes whatever the order of their keys, and different
 * otherwise: JSON would merge -0 with 0 and both infinities with NaN.
 */
export function attributeKey(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "object": {
      if (value === null) return "null";
      if (Array.isArray(value)) return `[${value.map(attributeKey).join()}]`;
      const entries = Object.entries(value).filter(([, member]) => member !== undefined);
      if (entries.length > 1) entries.sort(([a], [b]) => (a < b ? -1 : 1));
      const members = entries.map(
        ([key, member]) => `${JSON.stringify(key)}:${attributeKey(member)}`,
      );
      return `{${members.join()}}`;
    }
    default:
      return String(value);
  }
}
