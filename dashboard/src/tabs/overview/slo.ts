/** How an objective reads. */

import type { Tile } from "../../api/types";
import { latency, percent, plain } from "../../lib/number";

const NAMES: Record<string, string> = {
  pass_rate: "Pass rate",
  latency_ms_p95: "Latency p95",
  boundary_drift: "Boundary drift",
  recall_at_5: "Recall@5",
  error_rate: "Error rate",
};

export const nameOf = (about: string): string => NAMES[about] ?? about.replaceAll("_", " ");

export function value(tile: Tile, of: number | null): string {
  if (tile.unit === "share") return percent(of, of != null && of < 0.02 ? 2 : 1);
  return tile.unit === "ms" ? latency(of) : plain(of, 3);
}

export const objective = (tile: Tile): string => `${tile.good === "at_least" ? "≥" : "≤"} ${value(tile, tile.objective)}`;
