const NUMBERS = new Intl.NumberFormat();

/** A number for people. */
export function figure(value: number | bigint): string {
  return NUMBERS.format(value);
}

/** So many of a thing, whose plural takes an s. */
export function counted(value: number | bigint, thing: string): string {
  return `${figure(value)} ${thing}${BigInt(value) === 1n ? "" : "s"}`;
}

/** So many coins. */
export function coins(value: bigint): string {
  return counted(value, "coin");
}

/** A part of a whole in percent, from 0 to 100. */
export function percent(part: bigint, whole: bigint): number {
  if (whole <= 0n || part <= 0n) return 0;
  return part >= whole ? 100 : Number((part * 1_000n) / whole) / 10;
}
