/** The page in a real browser, on real servers that `cargo xtask test dashboard` has started. One process, one browser. */

import "./browser/tabs.mjs";
import "./browser/session.mjs";
import "./browser/read_only.mjs";
import "./browser/parts.mjs";
import "./browser/fresh.mjs";
import "./browser/drill.mjs";
import "./browser/acts.mjs";
import "./browser/rare.mjs";
import "./browser/keyboard.mjs";
import "./browser/budget.mjs";
