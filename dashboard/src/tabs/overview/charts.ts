/** The overview's charts: what each shows of the traffic. */

import type { Traffic } from "../../api/types";
import { count, dollars, latency, percent } from "../../lib/number";
import { seconds, type Shares } from "../../lib/traffic";
import type { ChartSpec, Line, Mark } from "../../ui/chart/spec";
import { words } from "../../ui/tone";

export interface Charted {
  title: string;
  note?: string | undefined;
  /** Of the file. */
  name: string;
  spec: ChartSpec | undefined;
  nothing?: string;
}

export interface Seen {
  traffic: Traffic;
  shares: Shares;
  marks: Mark[];
  /** What latency is held against. */
  slo_ms: number | null | undefined;
  failed_share: number | null;
}

/** Failures by the color in which they are drawn; what is none of these is not drawn. */
const FAILURES: Record<string, string> = {
  upstream_error: "--s-5",
  timeout: "--s-3",
  stream_cut: "--s-7",
  overloaded: "--s-4",
  internal_error: "--s-8",
  caller_error: "--s-6",
  client_cancelled: "--s-1",
};

export function charts({ traffic, shares, marks, slo_ms, failed_share }: Seen): Charted[] {
  const xs = seconds(traffic.at_ms);
  const counts = (lines: Line[], marked = marks): ChartSpec => ({ xs, format: count, whole: true, stacked: true, marks: marked, lines });
  const failures = traffic.outcomes
    .filter(({ outcome }) => outcome in FAILURES)
    .map(({ outcome, n }): Line => ({ label: words(outcome), color: FAILURES[outcome]!, kind: "bars", values: n }));
  const is_paid = traffic.cost_usd.some((cost) => cost > 0);
  return [
    {
      title: "Requests by tier",
      note: "Who answered",
      name: "requests-by-tier",
      spec: counts([
        { label: "main", color: "--s-main", values: shares.main },
        { label: "embedder", color: "--s-embedder", values: shares.embedder },
        { label: "unanswered", color: "--s-error", values: shares.unanswered },
      ]),
    },
    {
      title: "Requests by bucket",
      note: "Which policy dealt with them",
      name: "requests-by-bucket",
      spec: counts([
        { label: "control", color: "--s-control", values: shares.control },
        { label: "treatment", color: "--s-treatment", values: shares.treatment },
      ]),
    },
    {
      title: "Latency",
      note: "From admission to the last byte",
      name: "latency",
      spec: {
        xs,
        format: latency,
        unit: "ms",
        marks,
        levels: slo_ms ? [{ value: slo_ms, label: `SLO p95 ≤ ${latency(slo_ms)}`, color: "--bad" }] : [],
        lines: [
          { label: "p50", color: "--s-2", values: traffic.latency_ms_p50 },
          { label: "p95", color: "--s-1", values: traffic.latency_ms_p95 },
          { label: "p99", color: "--s-4", values: traffic.latency_ms_p99, dashed: true },
        ],
      },
    },
    {
      title: "Not answered in full",
      note: failed_share === null ? undefined : `${percent(failed_share, 2)} failed by no fault of the caller`,
      name: "failures",
      spec: counts(failures),
      ...(failed_share !== null && { nothing: "Every request in this window was answered in full." }),
    },
    {
      title: "Tokens",
      name: "tokens",
      spec: counts(
        [
          { label: "input", color: "--s-1", values: traffic.input_tokens },
          { label: "output", color: "--s-2", values: traffic.output_tokens },
        ],
        [],
      ),
    },
    {
      title: "Cost",
      note: "As far as endpoints have prices",
      name: "cost",
      spec: is_paid ? { xs, format: dollars, unit: "USD", lines: [{ label: "cost", color: "--s-3", kind: "bars", values: traffic.cost_usd }] } : undefined,
      nothing: "Nothing was paid for in this window: endpoints have no prices.",
    },
  ];
}
