/** What the server tells as it happens: one stream for the whole page. */

import { get } from "../api/client";
import { VIEW } from "../api/paths";
import type { Alert, Audited, CanaryBrief, ConfigTold, IndexTold, RunView, Tick, Told } from "../api/types";

/** How long after a refusal it is asked whether the session still holds. */
const AGAIN_MS = 2_000;

/** How often it is looked where there is no stream to listen to. */
export const POLL_MS = 30_000;

/** A second in which nothing is told. */
const NOTHING: Tick = { at_ms: 0, n_in_flight: 0, n: 0, n_own: 0, n_main: 0, n_embedder: 0, n_treatment: 0, n_failed: 0, latency_ms_p50: null, latency_ms_p95: null, newest: [], n_left_out: 0 };

/** Ticks that the rate is the mean of. */
const TICKS_KEPT = 60;

/** Before the first tick of a connection, and of what follows a gap, things may have happened that no tick has told. */
type Listener = (tick: Tick, isFirst: boolean) => void;

class Live {
  state = $state<"off" | "connecting" | "live" | "lost" | "polling">("off");
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
  /** Begins again after nobody has looked. */
  #resume: (() => void) | undefined;
  #poll: ReturnType<typeof setInterval> | undefined;
  /** The next tick is the first of a connection, or after a gap. */
  #isFirst = true;

  /** Browsers open six connections to a server: a tab that nobody looks at leaves its own to the others. */
  constructor() {
    globalThis.document?.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#close();
      else this.#resume?.();
    });
  }

  start(): void {
    this.#resume = () => this.start();
    if (this.#source) return;
    this.#close();
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
    // What was lost is as untold as what came before the connection.
    on("gap", () => (this.#isFirst = true));
  }

  /** What is worth telling where there is no stream. */
  async look(): Promise<void> {
    this.index = await get(VIEW.index).catch(() => undefined);
  }

  /** For whoever may not listen: now and then it is as if something had happened. */
  poll(): void {
    this.#resume = () => this.poll();
    this.#close();
    this.state = "polling";
    void this.look();
    this.#poll = setInterval(() => {
      void this.look();
      this.#tell({ ...NOTHING, at_ms: Date.now() }, true);
    }, POLL_MS);
  }

  /** Asks again later what the refusal was about. */
  retry(): void {
    setTimeout(() => this.onrefused(), AGAIN_MS);
  }

  stop(): void {
    this.#resume = undefined;
    this.#close();
  }

  #close(): void {
    this.#source?.close();
    this.#source = undefined;
    clearInterval(this.#poll);
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
    this.#tell(tick, this.#isFirst);
    this.#isFirst = false;
  }

  #tell(tick: Tick, isFirst: boolean): void {
    for (const take of this.#listeners) take(tick, isFirst);
  }
}

export const live = new Live();
