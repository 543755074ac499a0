/** Where the gateway is, for commands that the page shows. */

import { get } from "../api/client";
import { VIEW } from "../api/paths";
import { gatewayOf, type Gateway } from "./call";
import { live } from "./live.svelte";
import { resource, type Resource } from "./resource.svelte";

/** As the configuration in force has it. */
export const gateway = (): Resource<Gateway> =>
  resource(
    () => live.config?.generation,
    async (signal) => gatewayOf((await get(VIEW.settings, {}, signal)).settings, location.hostname),
  );

/** What can be told to somebody who may not see the settings. */
export const BY_DEFAULT: Gateway = gatewayOf([], "");
