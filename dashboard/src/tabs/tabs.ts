/** The tabs, in order. A new one is a line here and a folder beside this file. */

import type { Component } from "svelte";
import type { Scope } from "../api/types";
import type { IconName } from "../ui/icons";

export interface Tab {
  id: string;
  label: string;
  icon: IconName;
  /** What has to be allowed to see it. */
  scope: Scope;
  load: () => Promise<{ default: Component }>;
}

export const TABS: Tab[] = [
  { id: "overview", label: "Overview", icon: "pulse", scope: "config:read", load: () => import("./overview/Overview.svelte") },
  { id: "hypotheses", label: "Hypotheses", icon: "flask", scope: "canary:read", load: () => import("./hypotheses/Hypotheses.svelte") },
  { id: "routing", label: "Routing", icon: "fork", scope: "canary:read", load: () => import("./routing/Routing.svelte") },
  { id: "events", label: "Drill-down", icon: "search", scope: "logs:read", load: () => import("./events/Events.svelte") },
  { id: "settings", label: "Settings", icon: "sliders", scope: "config:read", load: () => import("./settings/Settings.svelte") },
  { id: "canary", label: "Canary", icon: "ladder", scope: "canary:read", load: () => import("./canary/Canary.svelte") },
  { id: "goldens", label: "Goldens", icon: "check", scope: "goldens:read", load: () => import("./goldens/Goldens.svelte") },
  { id: "memory", label: "Memory", icon: "layers", scope: "memory:read", load: () => import("./memory/Memory.svelte") },
  { id: "privacy", label: "Privacy", icon: "shield", scope: "audit:read", load: () => import("./privacy/Privacy.svelte") },
];
