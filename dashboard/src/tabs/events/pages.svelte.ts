/** Events, page by page as they are scrolled to. */

import { get } from "../../api/client";
import { VIEW } from "../../api/paths";
import type { EventRow } from "../../api/types";
import { asked, matches, type Filter } from "./filter";

const PAGE = 200;

/** Rows that are held at once: enough to scroll far, and no endless memory. */
const ROWS_MAX = 20_000;

export class Pages {
  rows = $state.raw<EventRow[]>([]);
  error = $state("");
  loading = $state(false);
  /** Whether there is more to scroll to. */
  more = $state(true);
  /** How far back a search has looked. */
  looked_back_to = $state<string | null>(null);
  /** So many have happened that were told by their number alone. */
  n_left_out = $state(0);
  #cursor: string | undefined;
  #running: AbortController | undefined;

  constructor(
    private readonly filter: Filter,
    private readonly since: string,
  ) {}

  async next(): Promise<void> {
    if (this.loading || !this.more || this.error) return;
    const running = (this.#running = new AbortController());
    this.loading = true;
    try {
      const page = await get(VIEW.events, { ...asked(this.filter), since: this.since, cursor: this.#cursor, n: PAGE }, running.signal);
      // What has just happened may have come on top while the page was read.
      const known = new Set(this.rows.map((row) => row.event_id));
      this.rows = [...this.rows, ...page.events.filter((row) => !known.has(row.event_id))];
      this.#cursor = page.next ?? undefined;
      this.more = page.next !== null && this.rows.length < ROWS_MAX;
      this.looked_back_to = page.looked_back_to;
    } catch (why) {
      if (running.signal.aborted) return;
      this.error = why instanceof Error ? why.message : String(why);
    }
    this.loading = false;
  }

  retry(): void {
    this.error = "";
    void this.next();
  }

  /** What has just happened comes on top, where the filter takes it. */
  prepend(newest: EventRow[], n_left_out: number): void {
    this.n_left_out += n_left_out;
    const known = new Set(this.rows.slice(0, 100).map((row) => row.event_id));
    const fresh = newest.filter((row) => !known.has(row.event_id) && matches(this.filter, row));
    if (fresh.length > 0) this.rows = [...fresh, ...this.rows].slice(0, ROWS_MAX);
  }

  stop(): void {
    this.#running?.abort();
  }
}
