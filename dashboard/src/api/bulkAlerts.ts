/** One change to many alerts: each is sent by itself with the version that was seen, and each has its own result. */
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { changeCached, foresee, sendPatches } from "./alertActions";
import { refusal, restoring } from "./alertMoves";
import { type Api, unwrap, useApi } from "./client";
import { ApiError, describe } from "./errors";
import type { Alert, AlertPatch } from "./types";

/** Changes under way at the same time: quick, and far from the API's limit of calls. */
const AT_ONCE = 4;

interface Step {
  alert: Alert;
  patches: readonly AlertPatch[];
}
interface Left {
  alert: Alert;
  why: string;
}
export interface Outcome {
  /** What was done, as in "3 acknowledged". */
  said: string;
  done: readonly Alert[];
  skipped: readonly Left[];
  failed: readonly Left[];
  /** What takes the done ones back; empty where the API has no way back. */
  undo: readonly Step[];
}

export interface Bulk {
  progress: { done: number; of: number } | undefined;
  outcome: Outcome | undefined;
  run: (alerts: readonly Alert[], patch: AlertPatch, said: string) => Promise<Outcome>;
  undo: () => void;
  close: () => void;
}

export function useBulkAlerts(): Bulk {
  const api = useApi();
  const cache = useQueryClient();
  const [progress, setProgress] = useState<Bulk["progress"]>();
  const [outcome, setOutcome] = useState<Outcome>();

  async function work(steps: readonly Step[], skipped: readonly Left[], said: string, back: (step: Step) => readonly AlertPatch[]): Promise<Outcome> {
    setOutcome(undefined);
    setProgress({ done: 0, of: steps.length });
    await cache.cancelQueries({ queryKey: ["alerts"] });
    const done: Alert[] = [];
    const failed: Left[] = [];
    const undo: Step[] = [];
    const waiting = [...steps];
    const worker = async () => {
      for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
        const result = await change(api, cache, step);
        if ("why" in result) failed.push(result);
        else {
          done.push(result.alert);
          const patches = back(step);
          if (patches.length > 0) undo.push({ alert: result.alert, patches });
        }
        setProgress({ done: done.length + failed.length, of: steps.length });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    for (const { alert } of steps) void cache.invalidateQueries({ queryKey: ["alert", alert.id] });
    void cache.invalidateQueries({ queryKey: ["alerts"], refetchType: "none" });
    void cache.invalidateQueries({ queryKey: ["today"], refetchType: "none" });
    const result = { said, done, skipped, failed, undo };
    setProgress(undefined);
    setOutcome(result);
    return result;
  }

  return {
    progress, outcome,
    run: (alerts, patch, said) => {
      const judged = alerts.map((alert) => ({ alert, why: refusal(alert, patch) }));
      const steps = judged.filter(({ why }) => why === undefined).map(({ alert }) => ({ alert, patches: [patch] }));
      const skipped = judged.flatMap(({ alert, why }) => (why === undefined ? [] : [{ alert, why }]));
      return work(steps, skipped, said, ({ alert }) => restoring(alert, patch));
    },
    undo: () => { if (outcome !== undefined) void work(outcome.undo, [], "taken back", () => []); },
    close: () => setOutcome(undefined),
  };
}

async function change(api: Api, cache: QueryClient, { alert, patches }: Step): Promise<Left | { alert: Alert }> {
  changeCached(cache, alert.id, (old) => patches.reduce(foresee, old));
  try {
    const saved = await sendPatches(api, alert, patches);
    changeCached(cache, alert.id, (old) => ({ ...saved, feedback: old.feedback, notifications: old.notifications }));
    return { alert: saved };
  } catch (error) {
    const changed = error instanceof ApiError && error.status === 412;
    const now = changed ? await renewed(api, alert) : alert;
    changeCached(cache, alert.id, () => now);
    const { title, detail } = describe(error);
    return { alert: now, why: changed ? "It has changed meanwhile; the newest version is shown now" : `${title}${detail === "" ? "" : `: ${detail}`}` };
  }
}

/** The alert as the API has it now; as it was when that cannot be read. */
async function renewed(api: Api, alert: Alert): Promise<Alert> {
  try {
    return await unwrap(api.GET("/v1/alerts/{id}", { params: { path: { id: alert.id } } }));
  } catch {
    return alert;
  }
}
