/** Answers the calls of the page from the fixtures. Their types are the API's, so that they cannot drift apart. */
import type { Page, Request, Route } from "playwright-core";
import type { AccountPage, Accuracy, Alert, AlertPage, Backtest, Feedback, Import, LearntModel, Me, ModelsMonitoring, PredictionChanged, ProfileDraft, ProfileVersion, Rollup, Rule, ScoreOverride, Settings, Task, TimelineItem, Tone, ToneModel, UsageOutlook, Webhook, WebhookDelivery } from "~/api/types";
import { type Answer, type Call, ok, patched, problem } from "./answers";
import { FakeProducts } from "./fakeProducts";
import { assessment, card, history, madeOnce, predictions, view } from "./fixtures/accounts";
import { accuracy, misses, thresholds } from "./fixtures/accuracy";
import { alert, rules } from "./fixtures/alerts";
import { backtest, queued, result } from "./fixtures/backtests";
import { models, monitoring, run } from "./fixtures/models";
import { profileCatalogue, profileDraft, profilePreview, profileVersion } from "./fixtures/profiles";
import { deliveries, duplicates, facts, importDone, importOf, integrations, me, messages, preview, settings, timeline, today, usage } from "./fixtures/rest";
import { ago } from "./fixtures/seeded";
import { task, tasks } from "./fixtures/tasks";
import { outlook, toned, toneModel } from "./fixtures/tone";

export { ok, problem, type Answer, type Call };

export class FakeApi {
  me: Me = me();
  accounts = 300;
  alerts: Alert[] = Array.from({ length: 18 }, (_, index) => alert(card(index), index));
  tasks: Task[] = tasks();
  import: Import = importOf();
  settings: Settings = { ...settings };
  webhooks: Webhook[] = [];
  webhookLog: WebhookDelivery[] = [];
  draft: ProfileDraft = profileDraft();
  versions: ProfileVersion[] = [profileVersion(2, { live: true }), profileVersion(1)];
  scoreOverride: ScoreOverride | undefined;
  rollup: Rollup = { mode: "average", score: null, band: null, counted: 0, children: [], complete: true };
  rules: Rule[] = rules.map((rule) => ({ ...rule }));
  accuracy: Accuracy = accuracy();
  models: LearntModel[] = models();
  toned: TimelineItem[] = toned();
  toneModel: ToneModel = toneModel({ on: false });
  outlook: UsageOutlook = outlook();
  products = new FakeProducts();
  monitoring: ModelsMonitoring = monitoring();
  changed: PredictionChanged[] = [];
  backtests: Backtest[] = [backtest()];
  calls: Call[] = [];
  /** Answers instead of the usual when it gives one. */
  override: (call: Call) => Answer | undefined = () => undefined;

  async install(page: Page): Promise<void> {
    await page.route("**/config.json", (route) => json(route, ok({ api_url: "/api", hosted_ui: "/sign-in", client_id: "web" })));
    await page.route("**/api/v1/**", (route) => this.#answer(route));
    await page.route("**/upload/**", (route) => route.fulfill({ status: 200, body: "" }));
  }

  async #answer(route: Route): Promise<void> {
    const call = read(route.request());
    this.calls.push(call);
    const answer = this.override(call) ?? this.#usual(call);
    if (answer.delayMs !== undefined) await new Promise((done) => { setTimeout(done, answer.delayMs); });
    await json(route, answer);
  }

  #usual({ method, path, query, body, headers }: Call): Answer {
    const [, , collection = "", id = "", part = ""] = path.split("/");
    if (collection === "webhooks") return this.#webhooks(method, id, part, body, headers["if-match"]);
    if (collection === "profiles") return this.#profiles(method, id, part, body, headers["if-match"]);
    if (collection === "backtests") return this.#backtests(method, id, part, body);
    if (collection === "models") return this.#models(method, path, body, headers["if-match"]);
    if (collection === "tone-model") return this.#toneModel(method, id, headers["if-match"]);
    if (collection === "products") return this.products.answer(method, id, query, headers["if-match"]);
    if (part === "tone") return this.#label(body);
    if (part === "override") return this.#overridden(method, id, body);
    if (method === "POST" && part !== "") return this.#post(collection, id, part, body);
    if (collection === "alerts" && method === "PATCH") return patched(this.alerts, id, headers["if-match"], body);
    if (collection === "ctas" && method === "PATCH") return patched(this.tasks, id, headers["if-match"], body);
    if (collection === "accuracy") return this.#accuracy(id, query);
    if (collection === "rules" && method === "PATCH") return this.#rule(id, body);
    if (collection === "settings" && method === "PATCH") return ok(Object.assign(this.settings, body));
    if (collection === "ctas" && method === "POST") {
      const made = Object.assign(task(this.tasks.length), body);
      this.tasks.push(made);
      return ok(made, 201);
    }
    if (collection === "imports" && method === "POST") {
      this.import = importOf({ status: "uploaded" });
      return ok({ id: "imp_1", upload_url: "/upload/imp_1", upload_headers: { "content-type": "text/csv" }, expires_at: ago(-1) }, 201);
    }
    if (collection === "accounts") return id === "" ? ok(this.#accounts(query)) : this.#account(id, part, query);
    if (collection === "imports" && part === "preview") return ok(preview);
    if (collection === "integrations" && part === "deliveries") return ok({ data: deliveries, next: null });
    const plain: Record<string, () => unknown> = {
      me: () => this.me, today, playbooks: () => ({ data: [{ id: "usage-drop", name: "Usage drop", exit: "usage is back", rules: ["R01"], steps: [], subject: null }] }), notifications: () => messages(this.alerts[0]?.id ?? null), rules: () => ({ data: this.rules }), settings: () => this.settings,
      integrations: () => ({ data: integrations }), duplicates: () => duplicates,
      ctas: () => ({ data: this.tasks.filter(({ status }) => status === "open").toSorted((a, b) => (a.due_on ?? "9").localeCompare(b.due_on ?? "9")), next: null }),
      imports: () => id === "" ? { data: [this.import], next: null } : this.import,
      alerts: () => id === "" ? this.#alerts(query) : this.alerts.find((row) => row.id === id),
    };
    const found = plain[collection]?.();
    return found === undefined ? problem(404, "not_found", "Not found", `There is no ${path}.`) : ok(found);
  }

  #accounts(query: URLSearchParams): AccountPage {
    const limit = Number(query.get("limit") ?? 50);
    const from = Number(query.get("cursor") ?? 0);
    const prefix = (query.get("filter[name][prefix]") ?? "").toLowerCase();
    const band = query.get("filter[band][eq]");
    let rows = Array.from({ length: this.accounts }, (_, index) => madeOnce(index));
    if (prefix !== "") rows = rows.filter((row) => row.name.toLowerCase().startsWith(prefix));
    if (band !== null) rows = rows.filter((row) => row.band === band);
    const sort = query.get("sort") ?? "-priority";
    if (sort.endsWith("name")) rows = rows.toSorted((a, b) => a.name.localeCompare(b.name));
    if (sort.endsWith("score")) rows = rows.toSorted((a, b) => (a.score ?? 0) - (b.score ?? 0));
    if (sort.endsWith("priority")) rows = rows.toSorted((a, b) => a.priority - b.priority);
    if (sort.startsWith("-")) rows.reverse();
    const end = from + limit;
    return { data: rows.slice(from, end), next: end < rows.length ? String(end) : null, total: prefix === "" && band === null ? rows.length : null };
  }

  #account(id: string, part: string, query: URLSearchParams): Answer {
    const index = Number.parseInt(id.slice(4), 16);
    const parts: Record<string, () => unknown> = {
      "": () => this.#view(index), health: () => assessment(id).health, history: () => ({ data: history() }),
      rollup: () => this.rollup, predictions: () => ({ data: predictions() }), usage: () => ({ data: usage(Number(query.get("days") ?? 90)) }),
      timeline: () => ({ data: this.#timeline(query), next: null }), "usage-outlook": () => this.outlook, products: () => this.products.account,
      facts: () => ({ data: query.get("kind") === "invoices" ? facts : [], next: null }),
      explain: () => ({
        at: query.get("at"), compare: query.get("compare"), score_at: 61.2, score_compare: 70, change: -8.8,
        contributions: [
          { measure: "U2", name: "Key events, 30 days", group: "usage", points: -6.42, detail: "from −4 % to −31 %" },
          { measure: "P1", name: "Oldest overdue invoice", group: "payment", points: -3.13, detail: "from 0 to 12 days" },
          { measure: "M2", name: "CSM pulse", group: "sentiment", points: 0.75, detail: "from 3 to 4" },
        ],
        predictions: this.changed,
      }),
    };
    const found = parts[part]?.();
    return found === undefined ? problem(404, "not_found", "Not found", "There is no such part.") : ok(found);
  }

  #alerts(query: URLSearchParams): AlertPage {
    const status = query.get("filter[status][eq]") ?? "open";
    const severities = query.get("filter[severity][in]")?.split(",");
    const rows = this.alerts.filter((row) => (status === "all" || row.status === status) && (severities === undefined || severities.includes(row.severity)));
    return { data: rows.map((row) => ({ ...row, feedback: [], notifications: [] })), next: null, complete: true };
  }

  /** An account with the override that was given it. */
  #view(index: number) {
    const found = view(index);
    const health = found.assessment?.health;
    if (this.scoreOverride === undefined || health === undefined) return found;
    const { score } = this.scoreOverride;
    found.account.score = score;
    Object.assign(health, { score, override: { ...this.scoreOverride, points_lost: (health.computed_score ?? 100) - score } });
    return found;
  }

  #overridden(method: string, id: string, body: unknown): Answer {
    if (method === "DELETE") {
      this.scoreOverride = undefined;
      return ok("", 204);
    }
    this.scoreOverride = Object.assign({ score: 0, reason: "", author: this.me.email ?? "", given_at: ago(0), until: ago(-14 * 24).slice(0, 10), points_lost: 0 }, body);
    return ok(this.#view(Number.parseInt(id.slice(4), 16)).assessment?.health);
  }

  #profiles(method: string, id: string, part: string, body: unknown, seen: string | undefined): Answer {
    const live = this.draft.live;
    if (id === "catalogue") return ok(profileCatalogue);
    if (id === "versions" && part === "") return ok({ data: this.versions, live });
    if (id === "versions" && method === "GET") return ok({ ...profileVersion(Number(part)), set: this.draft.set, against: 1, diff: [{ path: "profiles.high-touch.measures.U1.weight", before: 8, after: 12 }] });
    if (method !== "GET" && part !== "preview" && seen !== (id === "draft" ? this.draft.etag : `"v${live}"`)) return problem(412, "etag_mismatch", "It has changed", "Read it again.");
    if (part === "preview") return ok(profilePreview());
    if (part === "publish" || method === "POST") {
      const made = profileVersion(live + 1, { live: true, restored_from: part === "publish" ? null : Number(part) });
      this.versions = [made, ...this.versions.map((row) => ({ ...row, live: false }))];
      this.draft = profileDraft({ set: this.draft.set, base: live + 1, live: live + 1, etag: '"v2"' });
      return ok({ ...made, scores_asked: 312 }, 201);
    }
    if (method === "PUT") this.draft = { ...this.draft, saved: true, saved_at: ago(0), saved_by: this.me.email, etag: '"v1"', changes: [{ path: "caps.overdue.limit", before: 49, after: 45 }], set: Object.assign({ ...this.draft.set }, body) };
    if (method === "DELETE") this.draft = profileDraft({ etag: '"v2"' });
    return method === "DELETE" ? ok("", 204) : ok(this.draft);
  }

  #models(method: string, path: string, body: unknown, seen: string | undefined): Answer {
    const [, , , kind, doing, version = ""] = path.split("/");
    const found = this.models.find((row) => row.kind === kind);
    if (method === "GET" && doing === "monitoring") return ok({ ...this.monitoring, kind });
    if (method === "GET" || found === undefined) return ok({ data: this.models });
    if (doing === "runs") {
      found.last_run = run({ kind: found.kind, status: "queued", verdict: "waits", accounts: 0, accounts_done: 0, asked_at: ago(0), finished_at: null, version: null });
      return ok(found.last_run, 202);
    }
    if (seen !== found.etag) return problem(412, "etag_mismatch", "It has changed", "Read it again.");
    found.etag = found.etag.replace(/\d+/, (rev) => String(Number(rev) + 1));
    if (doing === "rollback") return ok(Object.assign(found, { answers: "baseline", champion: null, can_roll_back: false }));
    const placed = Object.assign({ role: "idle", share: null }, body);
    const at = { version, since: ago(0) };
    if (placed.role === "shadow") found.shadow = at;
    if (placed.role === "challenger") found.challenger = { ...at, share: Number(placed.share) };
    if (placed.role === "champion") Object.assign(found, { champion: at, answers: version });
    for (const row of found.versions) if (row.version === version) Object.assign(row, { role: placed.role });
    return ok(found);
  }

  #timeline(query: URLSearchParams): TimelineItem[] {
    const rows = [...(this.settings.text_tone ? this.toned : []), ...timeline()];
    const kind = query.get("kind");
    return rows.filter((row) => (kind === null || row.kind === kind) && (query.get("tone") === null || row.tone?.tone === "negative"));
  }

  #label(body: unknown): Answer {
    const none: Tone | null = null;
    const { external_id: id, tone }: { external_id: string; tone: Tone | null } = Object.assign({ external_id: "", tone: none }, body);
    const found = this.toned.find((row) => row.tone?.external_id === id)?.tone;
    if (!found) return problem(404, "not_found", "Not found", "There is no such ticket.");
    return ok(Object.assign(found, { tone: tone ?? found.read, label: tone === null ? null : { author: this.me.email ?? "", at: ago(0) } }));
  }

  #toneModel(method: string, doing: string, seen: string | undefined): Answer {
    if (method === "GET") return ok(this.toneModel);
    if (doing === "runs") {
      this.toneModel.last_run = { id: "tone-2-x", status: "queued", asked_at: ago(0), asked_by: this.me.email ?? "", finished_at: null, verdict: "waits to be started", accounts: 0, accounts_done: 0, labels: null, figures: null, version: null };
      return ok(this.toneModel.last_run, 202);
    }
    if (seen !== this.toneModel.etag) return problem(412, "etag_mismatch", "It has changed", "Read it again.");
    return ok(Object.assign(this.toneModel, { own: null, can_go_back: false, etag: '"tone-2"' }));
  }

  #backtests(method: string, id: string, part: string, body: unknown): Answer {
    if (method === "POST") {
      const order = { ...queued({ what: "published" }), ...Object.assign({}, body) };
      this.backtests.unshift(order);
      return ok(order, 202);
    }
    if (id === "") return ok({ data: this.backtests });
    const found = this.backtests.find((row) => row.id === id);
    if (found === undefined) return problem(404, "not_found", "Not found", "There is no such backtest.");
    if (part === "report") return ok("<!doctype html><title>Backtest</title>");
    return ok({ backtest: found, result: found.status === "done" ? result() : null, accounts: [{ id: card(0).id, name: card(0).name }] });
  }

  #accuracy(part: string, query: URLSearchParams): Answer {
    if (part === "misses") return ok({ data: query.get("which") === "false_alarm" ? [] : misses, next: null });
    if (part === "thresholds") return ok({ ...thresholds, per_week: Number(query.get("per_week") ?? 10) });
    return ok(this.accuracy);
  }

  #rule(id: string, body: unknown): Answer {
    const found = this.rules.find((rule) => rule.id === id);
    if (found === undefined) return problem(404, "not_found", "Not found", "There is no such rule.");
    const { muted, reason } = Object.assign({ muted: false, reason: "" }, body);
    found.muted = muted ? { reason, by: "admin@demo.example", at: ago(0) } : null;
    found.enabled = !muted;
    return ok(found);
  }

  #webhooks(method: string, id: string, part: string, body: unknown, seen: string | undefined): Answer {
    const found = this.webhooks.find((row) => row.id === id);
    if (part === "deliveries" && method === "GET") return ok({ data: this.webhookLog, next: null });
    if (part === "deliveries" || part === "test") return ok(this.webhookLog[0], 202);
    if (part === "rotate") return ok({ ...found, secret: "whsec_bmV3" });
    if (method === "PATCH") return patched(this.webhooks, id, seen, body);
    if (method === "DELETE") {
      this.webhooks = this.webhooks.filter((row) => row.id !== id);
      return ok("", 204);
    }
    if (method === "GET") return ok(id === "" ? { data: this.webhooks } : found);
    const made: Webhook = {
      id: `whk_${this.webhooks.length}`, url: "", events: [], description: null, enabled: true, disabled_reason: null, consecutive_failures: 0,
      previous_secret_until: null, created_at: ago(0), created_by: this.me.email ?? "", etag: '"1"',
    };
    Object.assign(made, body);
    this.webhooks.push(made);
    return ok({ ...made, secret: "whsec_b25jZQ==" }, 201);
  }

  #post(collection: string, id: string, part: string, body: unknown): Answer {
    if (part === "score") return ok(assessment(id));
    if (part === "feedback") {
      const row: Feedback = { kind: "accuracy", rating: 0, comment: null, user: this.me.email ?? "", at: ago(0) };
      Object.assign(row, body);
      this.alerts.find((found) => found.id === id)?.feedback.push(row);
      return ok(row, 201);
    }
    if (collection === "imports") {
      const given = importDone();
      Object.assign(given, body);
      this.import = given;
      return ok(given, 202);
    }
    return ok({ id: "n1", text: "", user: "", at: ago(0) }, 201);
  }
}

function read(request: Request): Call {
  const url = new URL(request.url());
  const raw = request.postData();
  return {
    method: request.method(), path: url.pathname.replace(/^\/api/, "").replaceAll("%3A", ":"), query: url.searchParams,
    body: raw === null ? undefined : JSON.parse(raw), headers: request.headers(),
  };
}

function json(route: Route, { status, body }: Answer): Promise<void> {
  const type = status < 400 ? "application/json" : "application/problem+json";
  return route.fulfill({ status, contentType: type, headers: { etag: '"1"' }, body: JSON.stringify(body) });
}
