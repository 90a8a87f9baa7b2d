import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { type Api, createApi } from "~/api/client";
import { loadConfig } from "~/lib/config";
import { Session } from "~/lib/session";
import { SignInPage } from "./SignInPage";

type Gate =
  | { at: "starting" }
  | { at: "broken"; message: string }
  | { at: "signed-out"; session: Session; message?: string }
  | { at: "signed-in"; session: Session; api: Api };

// Started once: a sign-in code can be redeemed only once.
let starting: Promise<Gate> | undefined;

async function start(): Promise<Gate> {
  let session: Session;
  try {
    session = new Session(await loadConfig());
  } catch (error) {
    return { at: "broken", message: error instanceof Error ? error.message : String(error) };
  }
  try {
    const state = await session.resume();
    return state === "signed-in" ? { at: state, session, api: createApi(session) } : { at: state, session };
  } catch (error) {
    return { at: "signed-out", session, message: error instanceof Error ? error.message : String(error) };
  }
}

/** Shows its children to who is signed in, and the way to sign in to everyone else. */
export function SignInGate({ children }: { children: (services: { api: Api; session: Session }) => ReactNode }) {
  const [gate, setGate] = useState<Gate>({ at: "starting" });
  const cache = useQueryClient();
  useEffect(() => {
    starting ??= start();
    void starting.then((next) => {
      if (next.at === "signed-in") {
        next.session.onExpired = () => {
          cache.clear();
          setGate({ at: "signed-out", session: next.session, message: "Your session has ended. Sign in to go on." });
        };
      }
      setGate(next);
    });
  }, [cache]);

  if (gate.at === "signed-in") return children(gate);
  if (gate.at === "starting") return null;
  if (gate.at === "broken") return <SignInPage message={gate.message} />;
  return <SignInPage message={gate.message} onSignIn={() => void gate.session.signIn()} />;
}
