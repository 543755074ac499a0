/** What an address says: the tab, and the state of its filters. It stands behind the `#`, so that no search text is sent. */

export interface Place {
  tab: string;
  params: Record<string, string>;
}

export function parse(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  return { tab: path, params: Object.fromEntries(new URLSearchParams(query)) };
}

/** Empty values are left out, and names are in order: one view has one address. */
export function format({ tab, params }: Place): string {
  const kept = Object.entries(params).filter(([, value]) => value !== "");
  const query = new URLSearchParams(kept.sort(([a], [b]) => (a < b ? -1 : 1))).toString();
  return `#/${tab}${query && `?${query}`}`;
}
