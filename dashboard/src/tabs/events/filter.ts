/** Which events are looked at: the address says it, and the server is asked for it. */

export const FILTERS = ["text", "tier", "bucket", "outcome", "latency_ms_min", "conv_id"] as const;

export type Filter = Record<(typeof FILTERS)[number], string>;

export function filterOf(param: (name: string) => string): Filter {
  return Object.fromEntries(FILTERS.map((name) => [name, param(name)])) as Filter;
}

export const isAny = (filter: Filter): boolean => FILTERS.every((name) => filter[name] === "");

export const OUTCOMES = ["ok", "caller_error", "upstream_error", "timeout", "stream_cut", "client_cancelled", "overloaded", "internal_error"];
