/** What the new user brings: a file of accounts, and the facts that a product would send for one of them. */

const DAY_MS = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();
const day = (days: number) => daysAgo(-days).slice(0, 10);

const NAMES = [
  "Aurora Freight", "Bellweather Clinics", "Cinder Peak Energy", "Driftwood Hotels", "Evergreen Tutors", "Foxglove Retail",
  "Granite Legal", "Harbour Analytics", "Indigo Textiles", "Juniper Foods", "Kestrel Aviation", "Lakeside Housing",
];

export interface Portfolio {
  csv: string;
  rows: number;
  /** The account that gave notice. */
  name: string;
  externalId: string;
  owner: string;
}

export function portfolio(run: string): Portfolio {
  const owner = `csm-${run}@demo.example`;
  const header = "Account ID,Company,Account owner,MRR,Currency,Contract start,Renewal date,Seats,Stage,Touch,Website,Cancel notice at";
  const lines = NAMES.map((name, index) => [
    `E-${run}-${index}`, `${name} ${run}`, owner, 1800 + index * 640, "EUR", day(-700 + index), day(40 + index * 23), 40, "active",
    index % 2 === 0 ? "high" : "mid", `${name.toLowerCase().replaceAll(" ", "-")}.example`, index === 0 ? daysAgo(1) : "",
  ].join(","));
  const broken = `E-${run}-x,Broken row ${run},${owner},not a number,EUR,${day(-9)},31/02/2027,40,active,high,x.example,`;
  return {
    csv: [header, ...lines.slice(0, 5), broken, ...lines.slice(5)].join("\n"), rows: NAMES.length, name: `${NAMES[0] ?? ""} ${run}`,
    externalId: `E-${run}-0`, owner,
  };
}

/** The facts of the account that gave notice, as calls of the public API. */
export function facts(account: string, run: string): [method: string, path: string, body: unknown][] {
  const events = Array.from({ length: 60 }, (_, ago) => Array.from({ length: ago < 20 ? 4 : 9 }, (__, index) => ({
    id: `${run}-${ago}-${index}`, account, user: `u${index % (ago < 20 ? 3 : 8)}`, name: ["report_viewed", "export_run", "alert_set"][index % 3], at: daysAgo(ago + 0.3),
  }))).flat();
  return [
    ["PUT", "/subscriptions:batch", { rows: [{ external_id: `s-${run}`, account, plan: "Business", status: "active", mrr_minor: 180_000, currency: "EUR", seats: 40, started_at: daysAgo(700), term_ends_on: day(40) }] }],
    ["PUT", "/contacts:batch", { rows: [{ external_id: `c-${run}`, account, name: "Dana Reyes", role: "champion" }] }],
    ["PUT", "/invoices:batch", { rows: [
      { external_id: `i1-${run}`, account, number: "2026-118", amount_minor: 180_000, currency: "EUR", issued_at: daysAgo(48), due_at: daysAgo(34) },
      { external_id: `i2-${run}`, account, number: "2026-091", amount_minor: 180_000, currency: "EUR", issued_at: daysAgo(79), due_at: daysAgo(65), paid_at: daysAgo(60) },
    ] }],
    ["PUT", "/tickets:batch", { rows: [{ external_id: `t-${run}`, account, title: "Exports stop at 10,000 rows", priority: "urgent", opened_at: daysAgo(3), sla_due_at: daysAgo(2) }] }],
    ["PUT", "/activities:batch", { rows: [{ external_id: `a-${run}`, account, kind: "meeting", direction: "both", at: daysAgo(50), held: true, subject: "Quarterly review" }] }],
    ["PUT", "/surveys:batch", { rows: [{ external_id: `n-${run}`, account, kind: "nps", score: 6, at: daysAgo(12), comment: "Good, but exports are slow" }] }],
    ["POST", "/events:batch", { events }],
  ];
}
