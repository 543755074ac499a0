/** Which events are looked at: the address says it, and the server is asked for it. */

import type { Asked } from "../../api/client";
import type { VIEW } from "../../api/paths";
import type { EventRow, Outcome } from "../../api/types";

export const FILTERS = ["text", "source", "bucket", "outcome", "latency_ms_min", "conv_id"] as const;

export type Filter = Record<(typeof FILTERS)[number], string>;

export function filterOf(param: (name: string) => string): Filter {
  return Object.fromEntries(FILTERS.map((name) => [name, param(name)])) as Filter;
}

/** As it is asked for. An address can say anything: what the server does not know, it refuses and says so. */
export const asked = (filter: Filter): Asked<typeof VIEW.events> => filter as unknown as Asked<typeof VIEW.events>;

export const isAny = (filter: Filter): boolean => FILTERS.every((name) => filter[name] === "");

/** Whether an event that has just happened belongs to the list; `undefined` where only the server can say: of texts the beginning alone is told. */
export function matches(filter: Filter, row: EventRow): boolean | undefined {
  if (filter.text !== "") return undefined;
  const is = (wanted: string, value: string | null) => wanted === "" || wanted === value;
  return (
    is(filter.source, row.source) &&
    is(filter.bucket, row.bucket) &&
    is(filter.outcome, row.outcome) &&
    is(filter.conv_id, row.conv_id) &&
    row.latency_ms >= Number(filter.latency_ms_min)
  );
}

export const OUTCOMES: Outcome[] = ["ok", "caller_error", "upstream_error", "timeout", "stream_cut", "client_cancelled", "overloaded", "internal_error"];
