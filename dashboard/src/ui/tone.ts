/** How something is going. */
export type Tone = "good" | "bad" | "warn" | "off" | "info";

const TONES: Record<string, Tone> = {
  ok: "good",
  met: "good",
  pass: "good",
  passed: "good",
  supported: "good",
  closed: "good",
  advance: "good",
  breached: "bad",
  regressed: "bad",
  failed: "bad",
  fail: "bad",
  refuted: "bad",
  open: "bad",
  page: "bad",
  roll_back: "bad",
  upstream_error: "bad",
  internal_error: "bad",
  stream_cut: "bad",
  timeout: "bad",
  overloaded: "warn",
  caller_error: "warn",
  client_cancelled: "off",
  ticket: "warn",
  half_open: "warn",
  rolled_back: "bad",
  promoted: "good",
  running: "info",
  hold: "warn",
};

export const toneOf = (word: string): Tone => TONES[word] ?? "off";

/** `roll_back` as people say it. */
export const words = (name: string): string => name.replaceAll("_", " ");
