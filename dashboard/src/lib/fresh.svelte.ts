/** Keeps what is on the page up to date with what the server tells. */

import { isDue } from "./due";
import { live } from "./live.svelte";
import type { Resource } from "./resource.svelte";

interface Concerns {
  /** Traffic concerns it: it is read anew so many seconds after the last reading, if there was any. */
  traffic_s?: number;
  /** That traffic is what goldens and tests ask, not clients. */
  own?: boolean;
  /** While this holds, traffic moves nothing: somebody reads on. */
  held?: () => boolean;
  /** So does what somebody does, here or elsewhere: whatever changes something goes on record, and that is told. */
  acts?: boolean;
}

/** Reads a view anew for as long as the component lives. While nothing happens, nothing is read. */
export function fresh(of: Resource<unknown>, { traffic_s, own = false, held = () => false, acts = false }: Concerns): void {
  if (traffic_s !== undefined) {
    const pause_ms = traffic_s * 1_000;
    let happened_ms = 0;
    $effect(() =>
      live.listen((tick, isFirst) => {
        const now = Date.now();
        // Before the first tick of a connection things may have happened that no tick has told.
        if (isFirst || (own ? tick.n_own : tick.n) > 0) happened_ms = now;
        if (!of.loading && !held() && isDue({ happened_ms, began_ms: of.began_ms, pause_ms }, now)) void of.load();
      }),
    );
  }
  if (acts) {
    let seen: number | undefined;
    $effect(() => {
      const n = live.audited?.n;
      if (n !== undefined && seen !== undefined && n !== seen) void of.load();
      seen = n ?? seen;
    });
    // Where nothing is told, it is looked.
    if (traffic_s === undefined) $effect(() => live.listen(() => void (live.state === "polling" && of.load())));
  }
}
