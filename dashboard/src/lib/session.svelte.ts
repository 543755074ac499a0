/** Who looks, and what they may do. */

import { ApiError, get, post } from "../api/client";
import { ACT } from "../api/paths";

export interface Who {
  name: string;
  scopes: string[];
}

class Session {
  who = $state.raw<Who | undefined>();
  state = $state<"asking" | "in" | "out" | "unreachable">("asking");

  async ask(): Promise<void> {
    try {
      this.who = await get<Who>("/admin/v1/whoami");
      this.state = "in";
    } catch (why) {
      this.state = why instanceof ApiError && why.status !== 0 ? "out" : "unreachable";
    }
  }

  /** Whether the session still holds, for a page that is open: it stays as it is while nobody answers. */
  async holds(): Promise<boolean> {
    try {
      this.who = await get<Who>("/admin/v1/whoami");
      return true;
    } catch (why) {
      if (why instanceof ApiError && why.status === 401) this.lost();
      return false;
    }
  }

  /** A token is exchanged for a cookie that scripts cannot read. */
  async signIn(token: string): Promise<void> {
    await post<Who>("/admin/v1/login", {}, token);
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

  may(scope: string): boolean {
    return this.who?.scopes.includes(scope) ?? false;
  }
}

export const session = new Session();
