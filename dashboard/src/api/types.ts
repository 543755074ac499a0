/** The shapes of the admin API, made of its own document: `npm run types` writes `schema.d.ts` from `openapi.json`. */

import type { components } from "./schema";

type Schemas = components["schemas"];

export type Alert = Schemas["Alert"];
export type Audited = Schemas["Audited"];
export type CanaryBrief = Schemas["CanaryBrief"];
export type CanaryView = Schemas["CanaryView"];
export type CandidateView = Schemas["CandidateView"];
export type CandidatesView = Schemas["CandidatesView"];
export type CaseView = Schemas["CaseView"];
export type Chapter = Schemas["Chapter"];
export type ClassView = Schemas["ClassView"];
export type ConfigTold = Schemas["ConfigTold"];
export type EndpointView = Schemas["EndpointView"];
export type ErasureView = Schemas["ErasureView"];
export type EventRow = Schemas["EventRow"];
export type EventView = Schemas["EventView"];
export type EventsPage = Schemas["EventsPage"];
export type Explained = Schemas["Explained"];
export type FragmentView = Schemas["FragmentView"];
export type FragmentsPage = Schemas["FragmentsPage"];
export type GoldensView = Schemas["GoldensView"];
export type IndexTold = Schemas["IndexTold"];
export type HoldView = Schemas["HoldView"];
export type HypothesesView = Schemas["HypothesesView"];
export type HypothesisView = Schemas["HypothesisView"];
export type Lane = Schemas["Lane"];
export type MemoryView = Schemas["MemoryView"];
export type Overview = Schemas["Overview"];
export type PrivacyView = Schemas["PrivacyView"];
export type Promoted = Schemas["Promoted"];
export type ReportView = Schemas["ReportView"];
export type RoutingView = Schemas["RoutingView"];
export type RunView = Schemas["RunView"];
export type SettingsView = Schemas["SettingsView"];
export type SettingView = Schemas["SettingView"];
export type StoredView = Schemas["StoredView"];
export type SweptView = Schemas["SweptView"];
export type Tick = Schemas["Tick"];
export type Tile = Schemas["Tile"];
export type Totals = Schemas["Totals"];
export type Traffic = Schemas["Traffic"];
export type TrailView = Schemas["TrailView"];
export type VerdictView = Schemas["VerdictView"];
export type AlertTested = Schemas["AlertTested"];
