/** When a view is read anew: after something that it shows has happened, and not by the clock alone. */

export interface Reading {
  /** When the last thing happened that it may show. */
  happened_ms: number;
  /** When the last reading began. */
  began_ms: number;
  /** How long one reading is good for, whatever happens. */
  pause_ms: number;
}

/** What happened before a reading began is in it. */
export const isDue = ({ happened_ms, began_ms, pause_ms }: Reading, now: number): boolean =>
  happened_ms > began_ms && now - began_ms >= pause_ms;
