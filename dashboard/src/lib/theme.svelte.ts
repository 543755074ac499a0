/** Light, dark, or as the system has it. */

const KEY = "aios-theme";

export type Choice = "system" | "light" | "dark";

const DARK = matchMedia("(prefers-color-scheme: dark)");

class Theme {
  choice = $state<Choice>((localStorage.getItem(KEY) as Choice | null) ?? "system");
  #systemDark = $state(DARK.matches);

  constructor() {
    DARK.addEventListener("change", () => {
      this.#systemDark = DARK.matches;
      this.#apply();
    });
    this.#apply();
  }

  get dark(): boolean {
    return this.choice === "system" ? this.#systemDark : this.choice === "dark";
  }

  next(): void {
    this.choice = this.dark ? "light" : "dark";
    localStorage.setItem(KEY, this.choice);
    this.#apply();
  }

  #apply(): void {
    document.documentElement.dataset.theme = this.dark ? "dark" : "light";
  }
}

export const theme = new Theme();
