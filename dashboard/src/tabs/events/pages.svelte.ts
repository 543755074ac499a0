/** Events, page by page as they are scrolled to. */

import { get } from "../../api/client";
import { VIEW } from "../../api/paths";
import type { EventRow, EventsPage } from "../../api/types";
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
  /** The page that is read next is the newest again. */
  #isAnew = false;
  /** Rows that came on top since the last reading began. */
  #n_on_top = 0;
  #running: AbortController | undefined;

  constructor(
    private readonly filter: Filter,
    private readonly since: string,
  ) {}

  async next(): Promise<void> {
    if (this.loading || this.error || !(this.more || this.#isAnew)) return;
    const running = (this.#running = new AbortController());
    this.loading = true;
    this.#n_on_top = 0;
    try {
      const cursor = this.#isAnew ? undefined : this.#cursor;
      const page = await get(VIEW.events, { ...asked(this.filter), since: this.since, cursor, n: PAGE }, running.signal);
      if (running.signal.aborted) return;
      this.#take(page);
    } catch (why) {
      if (running.signal.aborted) return;
      this.error = why instanceof Error ? why.message : String(why);
    }
    this.loading = false;
  }

  /** Of what is read anew, it goes on where that meets what was there; where it does not, the list begins anew. */
  #take(page: EventsPage): void {
    // What has just happened may have come on top while the page was read.
    const above = this.#isAnew ? this.rows.slice(0, this.#n_on_top) : this.rows;
    const last = page.events.at(-1)?.event_id;
    const meets = this.#isAnew ? this.rows.findIndex((row) => row.event_id === last) : -1;
    const known = new Set(above.map((row) => row.event_id));
    const below = meets < 0 ? [] : this.rows.slice(meets + 1);
    this.rows = [...above, ...page.events.filter((row) => !known.has(row.event_id)), ...below].slice(0, ROWS_MAX);
    this.#isAnew = false;
    if (meets >= 0) return;
    this.#cursor = page.next ?? undefined;
    this.more = page.next !== null && this.rows.length < ROWS_MAX;
    this.looked_back_to = page.looked_back_to;
  }

  /** Reads the newest anew, where something happened that was not told. What is shown stays until that is there. */
  async anew(): Promise<void> {
    this.stop();
    this.#isAnew = true;
    this.loading = false;
    this.n_left_out = 0;
    await this.next();
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
    this.#n_on_top += fresh.length;
    if (fresh.length > 0) this.rows = [...fresh, ...this.rows].slice(0, ROWS_MAX);
  }

  stop(): void {
    this.#running?.abort();
  }
}
