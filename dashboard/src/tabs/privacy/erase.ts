/** What is stored of somebody: see docs/erasure.md. */

import type { Census, StoreCount } from "../../api/types";

/** Stores that hold something of the target. */
export const holding = (census: Census): StoreCount[] =>
  census.stores.filter((store) => store.n_records > 0 || store.n_mentions > 0 || store.n_files_naming > 0);
