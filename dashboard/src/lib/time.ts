/** Moments as people read them: in the zone of whoever looks, with UTC at hand. */

/** What the API sends: RFC 3339, or milliseconds since 1970. */
export type Moment = string | number;

const DAY_MS = 86_400_000;

export function ms(at: Moment): number {
  return typeof at === "number" ? at : Date.parse(at);
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const DAY_CLOCK = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

/** The clock alone for what is younger than a day, else with the day. */
export function local(at: Moment, now: number = Date.now()): string {
  const when = ms(at);
  if (Number.isNaN(when)) return "–";
  return Math.abs(now - when) < DAY_MS ? CLOCK.format(when) : DAY_CLOCK.format(when);
}

export function utc(at: Moment): string {
  const when = ms(at);
  return Number.isNaN(when) ? "" : new Date(when).toISOString().replace("T", " ").replace("Z", " UTC");
}

const UNITS: [string, number][] = [
  ["d", DAY_MS],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
];

/** A length of time in its largest unit: `3 h`. */
export function span(length_ms: number): string {
  const [unit, size] = UNITS.find(([, size]) => Math.abs(length_ms) >= size) ?? ["s", 1_000];
  return `${Math.floor(Math.abs(length_ms) / size)} ${unit}`;
}

export function ago(at: Moment, now: number = Date.now()): string {
  const past = now - ms(at);
  if (Number.isNaN(past)) return "–";
  // The page's clock stands still for seconds, and servers' run ahead.
  return past < 1_000 && past > -10_000 ? "now" : past < 0 ? `in ${span(past)}` : `${span(past)} ago`;
}
