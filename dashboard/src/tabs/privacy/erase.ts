/** What the server says of somebody's data: see docs/erasure.md. */

/** Exactly one of the first three. */
export interface Whose {
  conv_id?: string;
  subject?: string;
  pseudonym?: string;
  client?: string;
}

export interface StoreCount {
  store: string;
  n_files: number;
  n_records: number;
  n_bytes_held: number;
  n_mentions: number;
  n_files_naming: number;
}

export interface Left {
  file: string;
  why: string;
}

/** What an erasure leaves on purpose. */
export interface Stays {
  store: string;
  n: number;
  why: string;
}

export interface Census {
  n_events: number;
  stores: StoreCount[];
  unreadable: Left[];
  unknown: Left[];
  n_others: number;
  held_by: { id: string; owner: string; reason: string }[];
}

export interface Found {
  pseudonyms: string[];
  census: Census;
}

export interface Plan {
  id: string;
  census: Census;
  plan_hash: string;
  valid_until: string;
}

export interface Receipt {
  id: string;
  state: string;
  target: string[];
  n_records_planned: number;
  n_records_erased: number;
  segments: unknown[];
  files: string[];
  rewrite_ms: number;
  verify_ms: number;
  finished_at: string;
  verified: { n_events: number; n_files: number; n_bytes: number; left: Left[]; stays: Stays[] };
  note?: string;
  public_key: string;
}

export interface Verified {
  ok: boolean;
  no_data?: boolean;
  headless?: boolean;
  verified?: { n_entries: number; first_seq: number; last_seq: number; n_checkpoints: number; signed_up_to: number };
  fault?: { seq: number; why: string };
}

/** Stores that hold something of the target. */
export const holding = (census: Census): StoreCount[] =>
  census.stores.filter((store) => store.n_records > 0 || store.n_mentions > 0 || store.n_files_naming > 0);
