/** The address as state: a link reproduces the view, and the browser's way back works. */

import { format, parse } from "./address";

const DEFAULT_TAB = "overview";
const DEFAULT_RANGE = "24h";

class Location {
  #place = $state(parse(location.hash));

  constructor() {
    addEventListener("hashchange", () => (this.#place = parse(location.hash)));
  }

  get tab(): string {
    return this.#place.tab || DEFAULT_TAB;
  }

  /** What the address says, and nothing else: a link reproduces the view. */
  get range(): string {
    const chosen = this.param("range");
    return chosen in RANGES ? chosen : DEFAULT_RANGE;
  }

  param(name: string): string {
    return this.#place.params[name] ?? "";
  }

  /** To another tab; only the window of time goes along. */
  go(tab: string, params: Record<string, string> = {}): void {
    const range = this.param("range");
    location.hash = format({ tab, params: range ? { range, ...params } : params });
  }

  /** The address of a tab, for links. */
  href(tab: string, params: Record<string, string> = {}): string {
    const range = this.param("range");
    return format({ tab, params: range ? { range, ...params } : params });
  }

  /** Filters change in place: the way back leads to the view before, not to the letter before. */
  set(params: Record<string, string>): void {
    const next = { tab: this.tab, params: { ...this.#place.params, ...params } };
    history.replaceState(null, "", format(next));
    this.#place = parse(location.hash);
  }
}

export const place = new Location();

/** Windows of time that can be looked at. */
export const RANGES: Record<string, { label: string; hours: number }> = {
  "1h": { label: "1 h", hours: 1 },
  "6h": { label: "6 h", hours: 6 },
  "24h": { label: "24 h", hours: 24 },
  "7d": { label: "7 d", hours: 168 },
  "14d": { label: "14 d", hours: 336 },
};

export function hours(): number {
  return RANGES[place.range]!.hours;
}
