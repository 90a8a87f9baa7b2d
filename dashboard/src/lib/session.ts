/** Sign-in by authorization code and PKCE at the pool's hosted page; tokens in memory and in this tab's storage. */
import type { Config } from "./config";
import { isRecord, parseJson, text } from "./decode";
import { challengeOf, claimsOf, randomToken } from "./pkce";

const TOKENS = "copilot.tokens";
const ATTEMPT = "copilot.sign-in";
const EARLY_MS = 60_000;

interface Tokens {
  idToken: string;
  refreshToken?: string | undefined;
  expiresAt: number;
}

export class SignInError extends Error {}

export type SignInState = "signed-in" | "signed-out";

export class Session {
  #tokens: Tokens | undefined;
  #refreshing: Promise<string | undefined> | undefined;
  /** Called when the session ends without the user asking for it. */
  onExpired: () => void = () => {};

  constructor(readonly config: Config) {
    this.#tokens = readTokens();
  }

  /** Finishes a sign-in that came back to this address, if one did, and says whether someone is signed in. */
  async resume(): Promise<SignInState> {
    const query = new URLSearchParams(window.location.search);
    const attempt = readAttempt();
    if (query.has("error")) {
      leave(attempt?.returnTo ?? "");
      throw new SignInError(query.get("error_description") ?? query.get("error") ?? "The sign-in was refused.");
    }
    const code = query.get("code");
    if (code !== null) {
      leave(attempt?.returnTo ?? "");
      if (attempt === undefined || query.get("state") !== attempt.state) {
        throw new SignInError("The answer does not belong to a sign-in started in this tab. Start again.");
      }
      await this.#redeem(code, attempt);
    }
    return this.#tokens === undefined ? "signed-out" : "signed-in";
  }

  async signIn(): Promise<void> {
    const { config } = this;
    const attempt = {
      state: randomToken(), nonce: randomToken(), verifier: randomToken(48), returnTo: window.location.hash,
    };
    sessionStorage.setItem(ATTEMPT, JSON.stringify(attempt));
    const query = new URLSearchParams({
      response_type: "code", client_id: config.clientId, redirect_uri: config.redirectUri,
      scope: "openid email profile", state: attempt.state, nonce: attempt.nonce,
      code_challenge: await challengeOf(attempt.verifier), code_challenge_method: "S256",
    });
    window.location.assign(`${config.hostedUi}/oauth2/authorize?${query}`);
  }

  signOut(): void {
    this.#forget();
    const query = new URLSearchParams({ client_id: this.config.clientId, logout_uri: this.config.redirectUri });
    window.location.assign(`${this.config.hostedUi}/logout?${query}`);
  }

  /** A token that is good for another minute, or nothing when the user has to sign in again. */
  async token(): Promise<string | undefined> {
    const tokens = this.#tokens;
    if (tokens === undefined) return undefined;
    return tokens.expiresAt - Date.now() > EARLY_MS ? tokens.idToken : this.refresh();
  }

  /** Asks for a new token; callers at the same time share one request. */
  refresh(): Promise<string | undefined> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<string | undefined> {
    const refreshToken = this.#tokens?.refreshToken;
    if (refreshToken === undefined) return this.#expire();
    const answer = await this.#ask({ grant_type: "refresh_token", refresh_token: refreshToken });
    if (answer.kind === "unreachable") return this.#tokens?.idToken;
    if (answer.kind === "refused") return this.#expire();
    this.#keep(answer.idToken, answer.refreshToken ?? refreshToken);
    return answer.idToken;
  }

  async #redeem(code: string, attempt: Attempt): Promise<void> {
    const answer = await this.#ask({
      grant_type: "authorization_code", code, redirect_uri: this.config.redirectUri, code_verifier: attempt.verifier,
    });
    if (answer.kind === "unreachable") throw new SignInError("The sign-in service could not be reached. Try again.");
    if (answer.kind === "refused") throw new SignInError(`The sign-in code was refused: ${answer.reason}`);
    if (claimsOf(answer.idToken)?.nonce !== attempt.nonce) {
      throw new SignInError("The token is not the one asked for (its nonce differs). Start again.");
    }
    this.#keep(answer.idToken, answer.refreshToken);
  }

  async #ask(form: Record<string, string>): Promise<TokenAnswer> {
    try {
      const response = await fetch(`${this.config.hostedUi}/oauth2/token`, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams({ ...form, client_id: this.config.clientId }),
      });
      if (response.status >= 500) return { kind: "unreachable" };
      return readAnswer(parseJson(await response.text()), response.ok);
    } catch {
      return { kind: "unreachable" };
    }
  }

  #keep(idToken: string, refreshToken: string | undefined): void {
    const claims = claimsOf(idToken);
    if (claims === undefined) throw new SignInError("The sign-in service sent a token that cannot be read.");
    this.#tokens = { idToken, refreshToken, expiresAt: claims.expiresAt };
    sessionStorage.setItem(TOKENS, JSON.stringify(this.#tokens));
  }

  #forget(): void {
    this.#tokens = undefined;
    sessionStorage.removeItem(TOKENS);
  }

  #expire(): undefined {
    this.#forget();
    this.onExpired();
    return undefined;
  }
}

type TokenAnswer =
  | { kind: "granted"; idToken: string; refreshToken: string | undefined }
  | { kind: "refused"; reason: string }
  | { kind: "unreachable" };

interface Attempt {
  state: string;
  nonce: string;
  verifier: string;
  returnTo: string;
}

function readAnswer(body: unknown, ok: boolean): TokenAnswer {
  if (!isRecord(body)) return { kind: "refused", reason: "the answer is not JSON" };
  const idToken = text(body, "id_token");
  if (ok && idToken !== undefined) return { kind: "granted", idToken, refreshToken: text(body, "refresh_token") };
  return { kind: "refused", reason: text(body, "error_description") ?? text(body, "error") ?? "no ID token" };
}

function readAttempt(): Attempt | undefined {
  const stored = parseJson(sessionStorage.getItem(ATTEMPT) ?? "");
  sessionStorage.removeItem(ATTEMPT);
  if (!isRecord(stored)) return undefined;
  const [state, nonce, verifier] = [text(stored, "state"), text(stored, "nonce"), text(stored, "verifier")];
  if (state === undefined || nonce === undefined || verifier === undefined) return undefined;
  return { state, nonce, verifier, returnTo: text(stored, "returnTo") ?? "" };
}

function readTokens(): Tokens | undefined {
  const stored = parseJson(sessionStorage.getItem(TOKENS) ?? "");
  const idToken = isRecord(stored) ? text(stored, "idToken") : undefined;
  if (!isRecord(stored) || idToken === undefined) return undefined;
  const claims = claimsOf(idToken);
  if (claims === undefined) return undefined;
  return { idToken, refreshToken: text(stored, "refreshToken"), expiresAt: claims.expiresAt };
}

/** Takes code and state out of the address bar and goes back to where the user was. */
function leave(returnTo: string): void {
  window.history.replaceState(null, "", window.location.pathname + returnTo);
}
