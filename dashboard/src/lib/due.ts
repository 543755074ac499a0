/** When a view is read anew: after something that it shows has happened, and not by the clock alone. */

export interface Reading {
  /** When the last thing happened that it may show. */
  happened_ms: number;
  /** When the last reading began. */
  began_ms: number;
  /** How long one reading is good for, whatever happens; longer than the index lags, or silence would be read too. */
  pause_ms: number;
}

/** A tick counts at once, and views read the index, which takes what happened up to two seconds later, and a little for the way here. */
export const INDEX_LAG_MS = 2_500;

/** What happened shortly before a reading began may not be in it; what happened earlier is. */
export const isDue = ({ happened_ms, began_ms, pause_ms }: Reading, now: number): boolean =>
  happened_ms > began_ms - INDEX_LAG_MS && now - began_ms >= pause_ms;
