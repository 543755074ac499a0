/** The columns of the events, on the page and in the file. */

import type { EventRow } from "../../api/types";
import { latency, plain } from "../../lib/number";
import { utc } from "../../lib/time";
import type { Column } from "../../ui/column";

export const COLUMNS: Column<EventRow>[] = [
  { key: "ts", label: "Time", text: (row) => utc(row.ts), value: (row) => row.ts },
  { key: "source", label: "Answered by", text: (row) => row.source ?? "" },
  { key: "tier", label: "Routed to", text: (row) => row.tier },
  { key: "bucket", label: "Bucket", text: (row) => row.bucket },
  { key: "outcome", label: "Outcome", text: (row) => row.outcome },
  { key: "latency", label: "Latency", number: true, text: (row) => latency(row.latency_ms), value: (row) => row.latency_ms },
  { key: "weight", label: "Weight", number: true, text: (row) => plain(row.weight, 2), value: (row) => row.weight },
  { key: "boundary", label: "Boundary", number: true, text: (row) => plain(row.boundary, 2), value: (row) => row.boundary },
  { key: "tokens", label: "Tokens", number: true, text: (row) => plain((row.input_tokens ?? 0) + (row.output_tokens ?? 0)) },
  { key: "question", label: "Question", text: (row) => row.question ?? "" },
  { key: "conv", label: "Conversation", text: (row) => row.conv_id },
  { key: "id", label: "Event", text: (row) => row.event_id },
];
