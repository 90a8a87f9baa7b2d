/** Proof key for code exchange (RFC 7636) and the claims of an ID token. */
import { isRecord, number, parseJson, text } from "./decode";

export function base64Url(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCodePoint(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export function randomToken(size = 32): string {
  return base64Url(crypto.getRandomValues(new Uint8Array(size)));
}

export async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return base64Url(new Uint8Array(digest));
}

export interface Claims {
  nonce?: string | undefined;
  expiresAt: number;
  email?: string | undefined;
}

/** The claims of a token. The API verifies the signature; here they only say when to refresh, and the nonce. */
export function claimsOf(token: string): Claims | undefined {
  const payload = token.split(".")[1];
  if (payload === undefined) return undefined;
  const padded = payload.replaceAll("-", "+").replaceAll("_", "/");
  let decoded: string;
  try {
    decoded = new TextDecoder().decode(Uint8Array.from(atob(padded), (c) => c.codePointAt(0) ?? 0));
  } catch {
    return undefined;
  }
  const claims = parseJson(decoded);
  if (!isRecord(claims)) return undefined;
  const exp = number(claims, "exp");
  if (exp === undefined) return undefined;
  return { nonce: text(claims, "nonce"), email: text(claims, "email"), expiresAt: exp * 1000 };
}
