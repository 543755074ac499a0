/** The time as the page shows it: one clock for everything that says how long ago something was. */

const TICK_MS = 5_000;

class Clock {
  now = $state(Date.now());

  constructor() {
    setInterval(() => (this.now = Date.now()), TICK_MS);
  }
}

export const clock = new Clock();
