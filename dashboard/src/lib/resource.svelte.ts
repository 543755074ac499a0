/** What is read from the server: its data, its error, and whether it is on its way. */

import { session } from "./session.svelte";
import { ApiError } from "../api/client";

export class Resource<T> {
  data = $state.raw<T | undefined>();
  error = $state.raw<string | undefined>();
  loading = $state(false);
  /** When the last reading began; zero before the first. */
  began_ms = 0;
  #running: AbortController | undefined;

  constructor(private readonly read: (signal: AbortSignal) => Promise<T>) {}

  /** Reads anew. What was there stays until the new is there; of two readings the later counts. */
  async load(): Promise<void> {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.loading = true;
    this.began_ms = Date.now();
    try {
      const data = await this.read(running.signal);
      if (running.signal.aborted) return;
      this.data = data;
      this.error = undefined;
    } catch (why) {
      if (running.signal.aborted) return;
      if (why instanceof ApiError && why.status === 401) session.lost();
      this.error = why instanceof Error ? why.message : String(why);
    }
    this.loading = false;
  }

  /** What comes later is not wanted any more. */
  stop(): void {
    this.#running?.abort();
  }
}

/** Reads whenever something changes that `inputs` looks at, for as long as the component lives. */
export function resource<T>(inputs: () => unknown, read: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const made = new Resource(read);
  $effect(() => {
    inputs();
    void made.load();
    return () => made.stop();
  });
  return made;
}
