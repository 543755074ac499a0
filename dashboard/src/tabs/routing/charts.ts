/** What the charts of routing are made of. */

import type { RoutingView } from "../../api/types";
import { percent, plain } from "../../lib/number";
import { seconds } from "../../lib/traffic";
import type { ChartSpec } from "../../ui/chart/spec";

/** How far around the baseline is shown where nothing goes further. */
const AROUND = 0.2;

/** The share of main that is expected where every boundary is that of the defaults. */
const EXPECTED = { boundary: 0.5, from: 0.55, to: 0.65 };

const known = (values: (number | null)[]) => values.filter((value) => value !== null);

/** Boundaries over time, all of them in sight. */
export function boundaries({ boundaries: { at_ms, control, treatment }, baseline_boundary: baseline, drift_max }: RoutingView): ChartSpec {
  const seen = known([...control, ...treatment]);
  const far = Math.max(AROUND, ...seen.map((value) => Math.abs(value - baseline) * 1.1));
  return {
    xs: seconds(at_ms),
    format: (value) => plain(value, 3),
    min: Math.max(baseline - far, 0),
    max: Math.min(baseline + far, 1),
    ...(drift_max != null && { band: { from: baseline - drift_max, to: baseline + drift_max, color: "--accent-soft" } }),
    levels: [{ value: baseline, label: `baseline ${plain(baseline)}`, color: "--muted" }],
    lines: [
      { label: "control", color: "--s-control", values: control, kind: "step" },
      { label: "treatment", color: "--s-treatment", values: treatment, kind: "step" },
    ],
  };
}

/** The share of main over time; beside what is expected of it, where no other boundary is or was in force. */
export function mainShares({ boundaries, split }: RoutingView): ChartSpec {
  const all = known([split.control_boundary, split.treatment_boundary, ...boundaries.control, ...boundaries.treatment]);
  const isExpected = all.every((boundary) => boundary === EXPECTED.boundary);
  return {
    xs: seconds(boundaries.at_ms),
    format: (share) => percent(share, 0),
    unit: "share",
    min: 0,
    max: 1,
    ...(isExpected && { band: { from: EXPECTED.from, to: EXPECTED.to, color: "--accent-soft" } }),
    lines: [
      { label: "control", color: "--s-control", values: boundaries.main_share_control },
      { label: "treatment", color: "--s-treatment", values: boundaries.main_share_treatment },
    ],
  };
}
