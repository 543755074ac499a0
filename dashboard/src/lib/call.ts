/** Requests to the gateway as lines for a shell. */

import type { SettingView } from "../api/types";

/** Where requests go, and whether they need a key. */
export interface Gateway {
  url: string;
  needs_key: boolean;
}

export interface Call {
  path: string;
  body: unknown;
  /** It is no live traffic: no objective and no canary counts it. */
  is_replay?: boolean;
}

/** What the settings say of the gateway. One that listens on every address is where the page is. */
export function gatewayOf(settings: SettingView[], page_host: string): Gateway {
  const value = (key: string) => settings.find((one) => one.key === key)?.value;
  const listen = String(value("server.listen") ?? "127.0.0.1:8500");
  const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(listen) ?? [];
  const is_everywhere = host === "0.0.0.0" || host === "[::]";
  return { url: `http://${is_everywhere ? page_host : host}:${port}`, needs_key: value("clients.required") === true };
}

export function asBash({ path, body, is_replay }: Call, { url, needs_key }: Gateway): string {
  const headers = ["-H 'content-type: application/json'"];
  if (is_replay) headers.push("-H 'x-aios-purpose: replay'");
  // The shell puts the key in, so that it stands in no line that is kept.
  if (needs_key) headers.push('-H "authorization: Bearer $AIOS_API_KEY"');
  // Within single quotes a shell takes everything as it is, but for the quote itself.
  const quoted = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl ${url}${path} ${headers.join(" ")} -d '${quoted}'`;
}

export function asPowerShell({ path, body, is_replay }: Call, { url, needs_key }: Gateway): string {
  const headers: string[] = [];
  if (is_replay) headers.push('"x-aios-purpose" = "replay"');
  if (needs_key) headers.push('Authorization = "Bearer $env:AIOS_API_KEY"');
  const given = headers.length > 0 ? ` -Headers @{ ${headers.join("; ")} }` : "";
  // It reads typographic quotes as quotes too, and a quote that is doubled as itself.
  const quoted = JSON.stringify(body).replace(/['\u2018-\u201b]/g, "$&$&");
  return `Invoke-RestMethod -Method Post -Uri ${url}${path}${given} -ContentType 'application/json; charset=utf-8' -Body '${quoted}'`;
}
