/** Who looks, and what they may do. */

import { ApiError, get, post } from "../api/client";
import { ACT, VIEW } from "../api/paths";
import type { Scope, WhoAmI } from "../api/types";

class Session {
  who = $state.raw<WhoAmI | undefined>();
  state = $state<"asking" | "in" | "out" | "unreachable">("asking");

  async ask(): Promise<void> {
    try {
      this.who = await get(VIEW.whoami);
      this.state = "in";
    } catch (why) {
      this.state = why instanceof ApiError && why.status !== 0 ? "out" : "unreachable";
    }
  }

  /** Whether the session still holds, for a page that is open: it stays as it is while nobody answers. */
  async holds(): Promise<boolean> {
    try {
      this.who = await get(VIEW.whoami);
      return true;
    } catch (why) {
      if (why instanceof ApiError && why.status === 401) this.lost();
      return false;
    }
  }

  /** A token is exchanged for a cookie that scripts cannot read. */
  async signIn(token: string): Promise<void> {
    await post(ACT.login, {}, { token });
    await this.ask();
  }

  /** Ends the session everywhere: the cookie is worth nothing from then on. */
  async signOut(): Promise<void> {
    await post(ACT.logout);
    this.lost();
  }

  lost(): void {
    this.state = "out";
  }

  /** There is no server: what is on disk is looked at, and nothing happens. */
  get is_read_only(): boolean {
    return this.who?.is_read_only ?? false;
  }

  may(scope: Scope): boolean {
    return this.who?.scopes.includes(scope) ?? false;
  }
}

export const session = new Session();
