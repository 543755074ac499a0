/** One way to ask the server: typed by the API's document, with its errors as it says them. */

import type { paths } from "./schema";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** What the API's document says of `P`, asked in this way. */
type Operation<P extends keyof paths, M extends "get" | "post"> = NonNullable<paths[P][M]>;

/** Those that can be asked in this way. */
export type PathOf<M extends "get" | "post"> = { [P in keyof paths]: paths[P] extends Record<M, object> ? P : never }[keyof paths];

type Json<R> = R extends { content: { "application/json": infer T } } ? T : never;
type Answer<O> = O extends { responses: infer R } ? { [S in keyof R & number]: Json<R[S]> }[keyof R & number] : never;
type Body<O> = O extends { requestBody: { content: { "application/json": infer T } } } ? T : Record<never, never>;
/** What may stand in the address of `P`. */
export type Asked<P extends PathOf<"get">> = Parameters<Operation<P, "get">>;

type Given<T> = [NonNullable<T>] extends [never] ? unknown : NonNullable<T>;
type Parameters<O> = O extends { parameters: { query?: infer Q; path?: infer P } } ? Given<Q> & Given<P> : unknown;

/** Whatever may be left out need not be given. */
type Maybe<T, Rest extends unknown[]> = object extends T ? [given?: T, ...rest: Rest] : [given: T, ...rest: Rest];

export function get<P extends PathOf<"get">>(path: P, ...[given, signal]: Maybe<Parameters<Operation<P, "get">>, [signal?: AbortSignal]>): Promise<Answer<Operation<P, "get">>> {
  return ask(address(path, given), signal ? { signal } : {});
}

export function post<P extends PathOf<"post">>(
  path: P,
  ...[body, { token, ...inPath } = {}]: Maybe<Body<Operation<P, "post">>, [more?: { token?: string; id?: string }]>
): Promise<Answer<Operation<P, "post">>> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  return ask(address(path, inPath), { method: "POST", headers, body: JSON.stringify(body ?? {}) });
}

/** Parameters that have a place in the path stand there, and the others behind it. */
function address(path: string, given: unknown): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(given ?? {})) {
    if (value === undefined || value === null || value === "") continue;
    const place = `{${name}}`;
    if (path.includes(place)) path = path.replace(place, () => encodeURIComponent(String(value)));
    else search.append(name, String(value));
  }
  return search.size > 0 ? `${path}?${search.toString()}` : path;
}

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...init });
  } catch (why) {
    if (init.signal?.aborted) throw why;
    throw new ApiError(0, "unreachable", "AIOS does not answer. Is `aios serve` running?");
  }
  const text = await response.text();
  if (response.ok) return (text ? JSON.parse(text) : {}) as T;
  throw refusal(response.status, text);
}

function refusal(status: number, text: string): ApiError {
  try {
    const { error } = JSON.parse(text) as { error: { code: string; message: string } };
    return new ApiError(status, error.code, error.message);
  } catch {
    return new ApiError(status, "unknown", `The server answered with status ${status}.`);
  }
}
