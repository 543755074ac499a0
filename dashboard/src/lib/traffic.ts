/** Requests over time, as charts want them, and how a tick moves them on. */

import type { Lane, Tick, Traffic } from "../api/types";

/** Sums by who answered, and by whose they were. */
export interface Shares {
  main: number[];
  embedder: number[];
  unanswered: number[];
  control: number[];
  treatment: number[];
}

export function shares(traffic: Traffic): Shares {
  const sum = (wanted: (lane: Lane) => boolean) => {
    const lanes = traffic.lanes.filter(wanted);
    return traffic.at_ms.map((_, i) => lanes.reduce((sum, lane) => sum + (lane.n[i] ?? 0), 0));
  };
  return {
    main: sum((lane) => lane.tier === "main"),
    embedder: sum((lane) => lane.tier === "embedder"),
    unanswered: sum((lane) => lane.tier == null),
    control: sum((lane) => lane.bucket === "control"),
    treatment: sum((lane) => lane.bucket === "treatment"),
  };
}

/** A tick's requests belong to the step that it ended in; `undefined` where that has not begun: then the view is read anew. */
export function stepOf(traffic: Traffic, tick: Tick): number | undefined {
  const last = traffic.at_ms.length - 1;
  const began = traffic.at_ms[last];
  if (began === undefined || tick.at_ms < began || tick.at_ms >= began + traffic.step_s * 1_000) return undefined;
  return last;
}

/** The same traffic with a tick counted in. What was there is not changed. */
export function advance(traffic: Traffic, ticked: Shares, tick: Tick): { traffic: Traffic; shares: Shares } | undefined {
  const at = stepOf(traffic, tick);
  if (at === undefined) return undefined;
  const add = (values: number[], n: number) => values.with(at, (values[at] ?? 0) + n);
  return {
    traffic: { ...traffic, n: add(traffic.n, tick.n), n_failed: add(traffic.n_failed, tick.n_failed) },
    shares: {
      main: add(ticked.main, tick.n_main),
      embedder: add(ticked.embedder, tick.n_embedder),
      unanswered: add(ticked.unanswered, Math.max(tick.n - tick.n_main - tick.n_embedder, 0)),
      control: add(ticked.control, tick.n - tick.n_treatment),
      treatment: add(ticked.treatment, tick.n_treatment),
    },
  };
}

/** A shorter window than the last day that holds all traffic of it, and not much more. */
export function suggestion(traffic: Traffic, now: number): string | undefined {
  const first = traffic.n.findIndex((n) => n > 0);
  if (first < 0) return undefined;
  const age_h = (now - traffic.at_ms[first]!) / 3_600_000;
  return age_h < 0.8 ? "1h" : age_h < 5 ? "6h" : undefined;
}

/** Seconds, as charts count time. */
export const seconds = (at_ms: number[]): number[] => at_ms.map((at) => at / 1_000);

/** When a window of some hours began. */
export const since = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString();
