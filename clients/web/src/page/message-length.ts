/** How near to the limit the count is shown, as a share of it. */
const NEAR = 0.8;

/** How a text's length stands to what the room takes. */
export interface LengthNote {
  /** What to show; empty: it is nowhere near the limit. */
  text: string;
  /** The room would not take it. */
  over: boolean;
}

/** Looks at a text's length in Unicode code points, as the server counts; without a limit nothing is said. */
export function lengthNote(text: string, limit: number | undefined): LengthNote {
  if (!limit || text.length <= limit * NEAR) return { text: "", over: false };
  const length = [...text].length;
  return { text: length > limit * NEAR ? `${length} of ${limit}` : "", over: length > limit };
}
