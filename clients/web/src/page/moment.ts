/** A moment for people, ms since 1970: the time alone if it is today, else with its date. */
export function momentOf(ms: number, now = Date.now()): string {
  const today = new Date(ms).toDateString() === new Date(now).toDateString();
  const style = today ? TIME : ({ dateStyle: "medium", ...TIME } as const);
  return new Intl.DateTimeFormat(undefined, style).format(ms);
}

const TIME = { timeStyle: "short" } as const;
