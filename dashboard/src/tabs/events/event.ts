/** A response event as the log has it: those of its fields that the page shows. See docs/event-log.md. */

import type { Call } from "../../lib/call";

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

const PATHS: Record<string, string> = {
  chat: "/v1/chat/completions",
  completions: "/v1/completions",
  embeddings: "/v1/embeddings",
  responses: "/v1/responses",
};

/** The same question again, by the way it came. What was masked stays masked. */
export function again({ operation, request_model: model, question, stream }: ResponseEvent): Call {
  const asked: Record<string, object> = {
    completions: { model, prompt: question, stream },
    embeddings: { model, input: question },
    responses: { model, input: question, stream },
  };
  const body = asked[operation] ?? { model, messages: [{ role: "user", content: question }], stream };
  return { path: PATHS[operation] ?? PATHS.chat!, body, is_replay: true };
}
