import { isRecord, text } from "./decode";

/** What the deployment tells the dashboard, read from `config.json` beside `index.html`. */
export interface Config {
  apiUrl: string;
  hostedUi: string;
  clientId: string;
  redirectUri: string;
  region: string;
  userPoolId: string;
}

export class ConfigError extends Error {}

export function readConfig(value: unknown, here: { origin: string; pathname: string }): Config {
  if (!isRecord(value)) throw new ConfigError("config.json holds no object.");
  const required = (key: string) => {
    const found = text(value, key);
    if (found === undefined) throw new ConfigError(`config.json lacks "${key}".`);
    return found.replace(/\/+$/, "");
  };
  return {
    apiUrl: required("api_url"),
    hostedUi: required("hosted_ui"),
    clientId: required("client_id"),
    redirectUri: text(value, "redirect_uri") ?? here.origin + here.pathname,
    region: text(value, "region") ?? "",
    userPoolId: text(value, "user_pool_id") ?? "",
  };
}

export async function loadConfig(): Promise<Config> {
  const response = await fetch("./config.json", { cache: "no-cache" });
  if (!response.ok) throw new ConfigError(`config.json could not be read (HTTP ${response.status}).`);
  const body: unknown = await response.json().catch(() => undefined);
  return readConfig(body, window.location);
}
