/** Numbers as people read them. What is not known is a dash, never a zero. */

export const NONE = "–";

type Maybe = number | null | undefined;

const known = (value: Maybe): value is number => value != null && Number.isFinite(value);

const PLAIN = new Intl.NumberFormat("en-US", { maximumFractionDigits: 3 });
const COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

export function plain(value: Maybe, digits?: number): string {
  if (!known(value)) return NONE;
  const text = digits === undefined ? PLAIN.format(value) : value.toFixed(digits);
  // A hyphen is no minus.
  return text.replace("-", "−");
}

/** `12,345`, from a hundred thousand on `123.5K`. */
export function count(value: Maybe): string {
  if (!known(value)) return NONE;
  return Math.abs(value) < 100_000 ? PLAIN.format(Math.round(value)) : COMPACT.format(value);
}

/** A share as percent. */
export function percent(share: Maybe, digits = 1): string {
  return known(share) ? `${(share * 100).toFixed(digits)}\u00a0%` : NONE;
}

export function latency(value_ms: Maybe): string {
  if (!known(value_ms)) return NONE;
  if (value_ms > 0 && value_ms < 10) return `${value_ms.toFixed(1)} ms`;
  if (value_ms < 1_000) return `${Math.round(value_ms)} ms`;
  return `${(value_ms / 1_000).toFixed(value_ms < 10_000 ? 2 : 1)} s`;
}

const BYTES = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(value: Maybe): string {
  if (!known(value)) return NONE;
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log2(value) / 10), BYTES.length - 1);
  const scaled = value / 1024 ** power;
  return `${power === 0 ? scaled : scaled.toFixed(scaled < 10 ? 2 : 1)} ${BYTES[power]}`;
}

/** Dollars: what requests cost is often less than a cent. */
export function dollars(value: Maybe): string {
  if (!known(value)) return NONE;
  return `$${value === 0 ? "0" : value.toFixed(Math.abs(value) < 1 ? 4 : 2)}`;
}
