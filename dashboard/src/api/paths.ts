/** Where the server's answers are. */

export const VIEW = {
  overview: "/admin/v1/view/overview",
  hypotheses: "/admin/v1/view/hypotheses",
  routing: "/admin/v1/view/routing",
  explain: "/admin/v1/routing/explain",
  events: "/admin/v1/events",
  event: "/admin/v1/events/{id}",
  settings: "/admin/v1/view/settings",
  canary: "/admin/v1/view/canary",
  goldens: "/admin/v1/view/goldens",
  candidates: "/admin/v1/goldens/candidates",
  run: "/admin/v1/goldens/run",
  memory: "/admin/v1/view/memory",
  fragments: "/admin/v1/memory/fragments",
  privacy: "/admin/v1/view/privacy",
  live: "/admin/v1/live",
  index: "/admin/v1/index",
  whoami: "/admin/v1/whoami",
  auditVerify: "/admin/v1/audit/verify",
} as const;

/** What changes something. */
export const ACT = {
  login: "/admin/v1/login",
  logout: "/admin/v1/logout",
  override: "/admin/v1/routing/override",
  clearOverride: "/admin/v1/routing/clear",
  canaryCheck: "/admin/v1/canary/check",
  canaryReset: "/admin/v1/canary/reset",
  canaryHold: "/admin/v1/canary/hold",
  canaryResume: "/admin/v1/canary/resume",
  canaryApprove: "/admin/v1/canary/approve",
  goldenRun: "/admin/v1/goldens/run",
  goldenPromote: "/admin/v1/goldens/promote",
  alertTest: "/admin/v1/alerts/test",
  memorySearch: "/admin/v1/memory/search",
  memoryDedup: "/admin/v1/memory/dedup",
  memoryDecay: "/admin/v1/memory/decay",
  dataFind: "/admin/v1/data/find",
  erasures: "/admin/v1/erasures",
  erase: "/admin/v1/erasures/{id}/execute",
} as const;
