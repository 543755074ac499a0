/* Provisional. */
export type Tier = "main" | "embedder";
export type Bucket = "control" | "treatment";
export type Verdict = "met" | "breached" | "no_data";
export type Severity = "page" | "ticket";
export type Outcome = "ok" | "caller_error" | "upstream_error" | "timeout" | "stream_cut" | "client_cancelled" | "overloaded" | "internal_error";
export type Operation = string;
export type Purpose = string;
export type GoldenGate = string;
export interface Times {
  since: string | null;
  until: string | null;
}
export interface CanaryAsked {
  since?: string | null;
  until?: string | null;
  before?: number | null;
  n?: number | null;
}
export interface CanaryView {
  at: string;
  brief: CanaryBrief;
  history: Chapter[];
  next_before: number | null;
  traffic: Traffic;
  marks: Mark[];
}
export interface Chapter {
  seq: number;
  at: string;
  kind: string;
  says: string;
  verdict: VerdictView | null;
  decision: string | null;
  actor: string | null;
  reason: string | null;
}
export interface VerdictView {
  verdict: Verdict;
  reason: string;
  since: string;
  until: string;
  treatment_pct: number;
  golden: GoldenGate;
  harm_log_e: number;
  metrics: MetricView[];
}
export interface MetricView {
  metric: string;
  sides: Side[];
  harm_log_e: number;
  noninferior_log_e: number;
  margin: number;
}
export interface Side {
  bucket: Bucket;
  n: number;
  n_bad: number;
}
export interface EventsAsked {
  since?: string | null;
  until?: string | null;
  source?: Tier | null;
  tier?: Tier | null;
  bucket?: Bucket | null;
  outcome?: Outcome | null;
  purpose?: Purpose | null;
  latency_ms_min?: number | null;
  latency_ms_max?: number | null;
  conv_id?: string | null;
  text?: string | null;
  cursor?: string | null;
  n?: number | null;
}
export interface EventsPage {
  events: EventRow[];
  next: string | null;
  looked_back_to: string | null;
}
export interface EventRow {
  event_id: string;
  ts: string;
  conv_id: string;
  operation: Operation;
  tier: Tier;
  source: Tier | null;
  bucket: Bucket;
  boundary: number;
  weight: number | null;
  outcome: Outcome;
  status: number;
  latency_ms: number;
  time_to_first_token_ms: number | null;
  input_tokens: number | null;
  output_tokens: number | null;
  cost_usd: number | null;
  is_simulated: boolean;
  purpose: Purpose;
  question: string | null;
}
export interface EventView {
  event: unknown;
  why: string;
  quality: number | null;
}
export interface GoldensView {
  n_cases: number;
  n_candidates: number;
  is_built_in: boolean;
  baseline: ReportView | null;
  report: ReportView | null;
  cases: CaseView[];
  run: RunView | null;
}
export interface ReportView {
  at: string;
  status: string;
  error: string | null;
  n: number;
  n_passed: number;
  n_flaky: number;
  pass_rate: number;
  latency_ms_p50: number;
  latency_ms_p95: number;
  error_rate: number;
  main_share: number;
  recall_at_5: number | null;
  n_simulated_runs: number;
  regressions: ChangeView[];
  improvements: ChangeView[];
  notes: string[];
}
export interface ChangeView {
  what: string;
  id: string | null;
  detail: string;
  p_value: number | null;
}
export interface CaseView {
  id: string;
  question: string;
  is_candidate: boolean;
  now: CaseRun | null;
  baseline: CaseRun | null;
  assertions: AssertionView[];
}
export interface CaseRun {
  is_passed: boolean;
  is_flaky: boolean;
  n_runs: number;
  latency_ms: number | null;
  tier: Tier | null;
  answer: string;
}
export interface AssertionView {
  key: string;
  expected: string;
  is_met: boolean;
  found: string;
}
export interface RunView {
  state: string;
  began_at: string;
  ended_at: string | null;
  n_done: number;
  n_all: number;
  told: string | null;
}
export interface CandidatesView {
  candidates: CandidateView[];
  n_looked: number;
  n_bad: number;
}
export interface CandidateView {
  id: string;
  question: string;
  reasons: ReasonView[];
  tier: Tier;
  event_id: string;
}
export interface ReasonView {
  reason: string;
  strength: number;
}
export interface CandidatesAsked {
  since?: string | null;
  max?: number | null;
}
export interface PromoteAsked {
  event_id?: string;
}
export interface Promoted {
  id: string;
  is_new: boolean;
}
export interface HypothesesView {
  tested_at: string;
  since: string;
  hypotheses: HypothesisView[];
}
export interface HypothesisView {
  name: string;
  statement: string;
  metric: string;
  groups: string;
  direction: string;
  margin: number;
  n_pairs_min: number;
  finding: string;
  n_pairs: number;
  effect: number | null;
  interval_low: number;
  interval_high: number;
  log_e_for: number;
  log_e_against: number;
  is_by_lot: boolean;
  would_change: string;
  history: FindingView[];
}
export interface FindingView {
  at: string;
  finding: string;
  n_pairs: number;
  effect: number | null;
  interval_low: number;
  interval_high: number;
}
export interface Told {
  tick: Tick;
  alerts: Alert[];
  canary: CanaryBrief;
  config: ConfigTold;
}
export interface Tick {
  at_ms: number;
  n_in_flight: number;
  n: number;
  n_main: number;
  n_embedder: number;
  n_treatment: number;
  n_failed: number;
  latency_ms_p50: number | null;
  latency_ms_p95: number | null;
  newest: EventRow[];
}
export interface ConfigTold {
  generation: number;
  hash: string;
  reload_error: string | null;
  started_at: string;
}
export interface AlertTested {
  receivers: ReceiverTested[];
}
export interface ReceiverTested {
  kind: string;
  error: string | null;
}
export interface MemoryView {
  mode: string;
  stats: MemoryCounts | null;
  recall: RecallPoint[];
  recall_min: number | null;
  n_duplicates: number | null;
  n_idle: number | null;
}
export interface MemoryCounts {
  n_fragments: number;
  n_conversations: number;
  n_shared: number;
  n_archived: number;
  n_pinned: number;
  n_seen_again: number;
  n_near: number;
  n_variants: number;
  n_vectors: number;
  n_text_bytes: number;
  n_file_bytes: number;
  oldest: string | null;
  newest: string | null;
  language: string;
}
export interface RecallPoint {
  at: string;
  n: number;
  recall_at_5: number;
}
export interface FragmentsAsked {
  cursor?: string | null;
  n?: number | null;
}
export interface FragmentsPage {
  fragments: FragmentView[];
  next: string | null;
}
export interface FragmentView {
  id: string;
  scope: string;
  at: string;
  text: string;
  is_pinned: boolean;
  n_used: number;
}
export interface Overview {
  at: string;
  has_events: boolean;
  tiles: Tile[];
  totals: Totals;
  traffic: Traffic;
  alerts: Alert[];
  canary: CanaryBrief;
  marks: Mark[];
}
export interface Tile {
  slo: string;
  good: string;
  objective: number;
  unit: string;
  verdict: Verdict;
  is_off: boolean;
  value: number | null;
  n: number;
  statements: Said[];
  budget: BudgetLeft | null;
}
export interface Said {
  witness: string;
  verdict: Verdict;
  value: number;
  n: number;
  is_unproven: boolean;
}
export interface BudgetLeft {
  n: number;
  n_bad: number;
  bad_share_max: number;
  left_pct: number;
  burn_rate: number;
  alert: string;
  exhausted_in_hours: number | null;
  hourly_bad: (number | null)[];
}
export interface Totals {
  n_requests: number;
  n_failed: number;
  n_simulated: number;
  outcomes: OutcomeCount[];
  main_share: number | null;
  latency_ms_p50: number | null;
  latency_ms_p95: number | null;
  latency_ms_p99: number | null;
  input_tokens: number;
  output_tokens: number;
  cost_usd: number;
}
export interface OutcomeCount {
  outcome: Outcome;
  n: number;
}
export interface Traffic {
  step_s: number;
  at_ms: number[];
  n: number[];
  n_failed: number[];
  latency_ms_p50: (number | null)[];
  latency_ms_p95: (number | null)[];
  latency_ms_p99: (number | null)[];
  input_tokens: number[];
  output_tokens: number[];
  cost_usd: number[];
  lanes: Lane[];
}
export interface Lane {
  tier: Tier | null;
  bucket: Bucket;
  n: number[];
  n_failed: number[];
  latency_ms_p95: (number | null)[];
}
export interface Alert {
  about: string;
  severity: Severity;
  since: string;
  detail: string;
  runbook: string[];
}
export interface CanaryBrief {
  is_enabled: boolean;
  treatment_pct: number;
  origin: string;
  phase: string;
  is_held: boolean;
  stages_pct: number[];
  stage_pct: number;
  next_pct: number | null;
  stage_since: string | null;
  n_consecutive_passes: number;
  n_consecutive_failures: number;
  n_passes_to_advance: number;
  n_failures_to_roll_back: number;
  reason: string | null;
  n_inconclusive: number;
  candidate: string | null;
  version: number;
  fault: string | null;
}
export interface Mark {
  at_ms: number;
  kind: string;
  label: string;
}
export interface PrivacyView {
  at: string;
  detections: Detections;
  retention: ClassView[];
  holds: HoldView[];
  erasures: ErasureView[];
  trail: TrailView[];
}
export interface Detections {
  step_s: number;
  at_ms: number[];
  kinds: KindSeries[];
}
export interface KindSeries {
  kind: string;
  n: number[];
  n_all: number;
}
export interface ClassView {
  class: string;
  hot_days: number | null;
  kept_days: number;
  n_open: number;
  n_hot: number;
  n_cold: number;
  bytes: number;
  oldest: string | null;
  newest: string | null;
  n_overdue: number;
  n_held: number;
}
export interface HoldView {
  id: string;
  owner: string;
  reason: string;
  expires_at: string;
  is_expired: boolean;
}
export interface ErasureView {
  id: string;
  state: string;
  at: string;
  actor: string;
}
export interface TrailView {
  at: string;
  actor: string;
  action: string;
  detail: unknown;
}
export interface RoutingView {
  at: string;
  split: SplitView;
  override_error: string | null;
  profile: string;
  n_knot_prompts: number;
  drift_max: number | null;
  baseline_boundary: number;
  boundaries: Boundaries;
  weights: Weights;
  main_shares: MainShare[];
  sweep: SweptView[];
}
export interface SplitView {
  treatment_pct: number;
  control_boundary: number;
  treatment_boundary: number;
  is_adaptive: boolean;
  is_frozen: boolean;
  origin: string;
}
export interface Boundaries {
  step_s: number;
  at_ms: number[];
  control: (number | null)[];
  treatment: (number | null)[];
  drift: (number | null)[];
  main_share: (number | null)[];
}
export interface Weights {
  bar_width: number;
  n: number[];
  n_all: number;
}
export interface MainShare {
  bucket: Bucket;
  n: number;
  n_main: number;
}
export interface SweptView {
  boundary: number;
  main_share: number;
  n_mismatched: number;
  n_unseen: number;
  pass_rate: number | null;
  latency_ms_p50: number | null;
  latency_ms_p95: number | null;
}
export interface ExplainAsked {
  text?: string;
}
export interface Explained {
  weight: number;
  raw: number;
  terms: TermView[];
  choices: Choice[];
}
export interface TermView {
  name: string;
  value: number;
  meaning: string;
}
export interface Choice {
  bucket: Bucket;
  tier: Tier;
  boundary: number;
  margin: number;
  reason: string;
}
export interface SettingsView {
  version: string;
  started_at: string | null;
  is_read_only: boolean;
  file: string | null;
  hash: string;
  generation: number;
  reload_error: string | null;
  settings: SettingView[];
  endpoints: EndpointView[];
  data_dir: string;
  disk_free_bytes: number | null;
  disk_bytes: number | null;
  stored: StoredView[];
  event_log: EventLogView;
}
export interface SettingView {
  key: string;
  value: unknown;
  origin: string;
  place: string;
}
export interface EndpointView {
  name: string;
  tier: Tier;
  url: string;
  model: string;
  is_simulated: boolean;
  breaker: string;
  reason: string | null;
  hint: string | null;
  n_in_flight: number;
  n_queued: number;
  latency_ms: number | null;
  warning: string | null;
}
export interface StoredView {
  name: string;
  bytes: number;
}
export interface EventLogView {
  n_written: number;
  n_lost: number;
  n_queued: number;
  is_failing: boolean;
  last_error: string | null;
  n_indexed: number;
}
