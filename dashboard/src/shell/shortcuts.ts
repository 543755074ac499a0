/** Keys that work everywhere but where text is written. */

import { theme } from "../lib/theme.svelte";
import { place } from "../lib/place.svelte";
import { TABS } from "../tabs/tabs";

export interface Shortcut {
  keys: string;
  does: string;
}

export const SHORTCUTS: Shortcut[] = [
  { keys: "1 … 9", does: "Go to a tab" },
  { keys: "/", does: "Search events" },
  { keys: "t", does: "Light or dark" },
  { keys: "?", does: "Show this list" },
  { keys: "← → ↑ ↓", does: "Move between tabs, and through the rows of events" },
  { keys: "Enter", does: "Open the event or the button in focus" },
  { keys: "Esc", does: "Close a dialog" },
];

export function shortcut(event: KeyboardEvent, on: { help: () => void }): void {
  if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
  // A dialog has its own keys.
  if (document.querySelector("dialog[open]")) return;
  const tab = TABS[Number(event.key) - 1];
  if (tab) place.go(tab.id);
  else if (event.key === "?") on.help();
  else if (event.key === "t") theme.next();
  else if (event.key === "/") place.go("events", { focus: "search" });
  else return;
  event.preventDefault();
}

const isWriting = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
