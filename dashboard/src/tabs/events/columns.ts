/** The columns of the events, on the page and in the file. */

import type { EventRow } from "../../api/types";
import { latency, plain } from "../../lib/number";
import { utc } from "../../lib/time";
import type { Column } from "../../ui/column";

/** Of question and answer; none where nobody counted. */
export const tokens = ({ input_tokens: asked, output_tokens: answered }: EventRow): number | null =>
  asked == null && answered == null ? null : (asked ?? 0) + (answered ?? 0);

export const COLUMNS: Column<EventRow>[] = [
  { key: "ts", label: "Time", unit: "UTC", text: (row) => utc(row.ts), value: (row) => row.ts },
  { key: "source", label: "Answered by", text: (row) => row.source ?? "" },
  { key: "tier", label: "Routed to", text: (row) => row.tier },
  { key: "bucket", label: "Bucket", text: (row) => row.bucket },
  { key: "outcome", label: "Outcome", text: (row) => row.outcome },
  { key: "latency", label: "Latency", unit: "ms", number: true, text: (row) => latency(row.latency_ms), value: (row) => row.latency_ms },
  { key: "weight", label: "Weight", number: true, text: (row) => plain(row.weight, 2), value: (row) => row.weight },
  { key: "boundary", label: "Boundary", number: true, text: (row) => plain(row.boundary, 2), value: (row) => row.boundary },
  { key: "tokens", label: "Tokens", number: true, text: (row) => plain(tokens(row)), value: tokens },
  { key: "question", label: "Question", text: (row) => row.question ?? "" },
  { key: "conv", label: "Conversation", text: (row) => row.conv_id },
  { key: "id", label: "Event", text: (row) => row.event_id },
];
