/** What the server tells as it happens: one stream for the whole page. */

import { get } from "../api/client";
import { VIEW } from "../api/paths";
import type { Alert, Audited, CanaryBrief, ConfigTold, IndexTold, RunView, Tick, Told } from "../api/types";

/** How long after a refusal it is asked whether the session still holds. */
const AGAIN_MS = 2_000;

/** Ticks that the rate is the mean of. */
const TICKS_KEPT = 60;

/** Before the first tick of a connection things may have happened that no tick has told. */
type Listener = (tick: Tick, isFirst: boolean) => void;

class Live {
  state = $state<"off" | "connecting" | "live" | "lost">("off");
  ticks = $state.raw<Tick[]>([]);
  alerts = $state.raw<Alert[] | undefined>();
  canary = $state.raw<CanaryBrief | undefined>();
  config = $state.raw<ConfigTold | undefined>();
  index = $state.raw<IndexTold | undefined>();
  audited = $state.raw<Audited | undefined>();
  golden = $state.raw<RunView | undefined>();
  /** The server has refused the stream: whoever started it finds out why. */
  onrefused: () => void = () => {};
  #source: EventSource | undefined;
  #listeners = new Set<Listener>();
  #isWanted = false;
  /** The next tick is the first of a connection. */
  #isFirst = true;

  /** Browsers open six connections to a server: a tab that nobody looks at leaves its own to the others. */
  constructor() {
    globalThis.document?.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#close();
      else if (this.#isWanted) this.start();
    });
  }

  start(): void {
    this.#isWanted = true;
    if (this.#source) return;
    this.state = "connecting";
    const source = new EventSource(VIEW.live);
    this.#source = source;
    source.onopen = () => {
      this.state = "live";
      this.#isFirst = true;
    };
    // The browser connects again by itself, unless the server has refused.
    source.onerror = () => {
      this.state = "lost";
      if (source.readyState !== EventSource.CLOSED || this.#source !== source) return;
      this.#source = undefined;
      this.retry();
    };
    const on = <K extends keyof Told>(name: K, take: (data: Told[K]) => void) =>
      source.addEventListener(name, (event) => take(JSON.parse((event as MessageEvent<string>).data) as Told[K]));
    on("tick", (tick) => this.#tick(tick));
    on("alerts", (alerts) => (this.alerts = alerts));
    on("canary", (canary) => (this.canary = canary));
    on("config", (config) => (this.config = config));
    on("index", (index) => (this.index = index));
    on("audited", (audited) => (this.audited = audited));
    on("golden", (run) => (this.golden = run));
  }

  /** What is worth telling where there is no stream: once, for nothing changes. */
  async look(): Promise<void> {
    this.index = await get(VIEW.index).catch(() => undefined);
  }

  /** Asks again later what the refusal was about. */
  retry(): void {
    setTimeout(() => this.onrefused(), AGAIN_MS);
  }

  stop(): void {
    this.#isWanted = false;
    this.#close();
  }

  #close(): void {
    this.#source?.close();
    this.#source = undefined;
    this.state = "off";
  }

  /** Calls `take` with each tick until the returned function is called. */
  listen(take: Listener): () => void {
    this.#listeners.add(take);
    return () => this.#listeners.delete(take);
  }

  get per_second(): number | undefined {
    if (this.ticks.length === 0) return undefined;
    return this.ticks.reduce((sum, tick) => sum + tick.n, 0) / this.ticks.length;
  }

  #tick(tick: Tick): void {
    this.state = "live";
    this.ticks = [...this.ticks.slice(1 - TICKS_KEPT), tick];
    for (const take of this.#listeners) take(tick, this.#isFirst);
    this.#isFirst = false;
  }
}

export const live = new Live();
