/** A response event as the log has it: those of its fields that the page shows. See docs/event-log.md. */

export interface Attempt {
  endpoint: string;
  tier: string;
  model: string;
  started_ms: number;
  duration_ms: number;
  outcome: string;
  status?: number;
}

export interface ResponseEvent {
  event_type: string;
  event_id: string;
  ts: string;
  request_id: string;
  operation: string;
  stream: boolean;
  conv_id: string;
  conv_id_source: string;
  subject?: string;
  client?: string;
  request_model: string;
  response_model?: string;
  question: string;
  response: string;
  source: string | null;
  tier: string;
  bucket: string;
  boundary: number;
  weight: number | null;
  weight_terms?: Record<string, number>;
  profile: string;
  route_reason: string;
  propensity: number;
  attempts: Attempt[];
  outcome: string;
  error_code?: string;
  status: number;
  finish_reason?: string;
  latency_ms: number;
  time_to_first_token_ms?: number;
  overhead_ms: number;
  input_tokens?: number;
  output_tokens?: number;
  cost_usd?: number;
  memory_fragments?: string[];
  redactions?: Record<string, number>;
  config_generation: number;
  config_hash: string;
  simulated?: boolean;
}

/** The same question again, for a shell. What was masked stays masked. */
export function asCurl(event: ResponseEvent): string {
  const body = JSON.stringify({ model: event.request_model, messages: [{ role: "user", content: event.question }], stream: event.stream });
  // Within single quotes a shell takes everything as it is, but for the quote itself.
  const quoted = body.replaceAll("'", "'\\''");
  return `curl http://127.0.0.1:8500/v1/chat/completions -H 'content-type: application/json' -H 'x-aios-purpose: replay' -d '${quoted}'`;
}
