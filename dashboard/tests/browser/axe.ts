import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  id: string;
  nodes: { html: string; failureSummary?: string }[];
}

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** How often a page may change while axe reads it, before what it found is taken as it is. */
const ATTEMPTS = 5;

/**
 * Axe over the page, and whether the page stayed as it was meanwhile. Axe keeps styles that it has read: of a button
 * that becomes enabled under its eyes it sees the colours of a disabled one and finds too little contrast.
 */
const READ = `(async () => {
  let changes = 0;
  const observer = new MutationObserver((list) => { changes += list.length; });
  observer.observe(document.documentElement, { subtree: true, childList: true, attributes: true, characterData: true });
  const { violations } = await axe.run(document, { runOnly: ${JSON.stringify(TAGS)} });
  changes += observer.takeRecords().length;
  observer.disconnect();
  return { violations, changed: changes > 0 };
})()`;

/** What axe finds wrong with the page (WCAG 2.2 A and AA, best practices), one line each. */
export async function axe(page: Page): Promise<string[]> {
  await page.evaluate(source);
  let violations: Violation[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const read: { violations: Violation[]; changed: boolean } = await page.evaluate(READ);
    violations = read.violations;
    if (!read.changed || violations.length === 0) break;
  }
  return violations.flatMap(({ id, nodes }) => nodes.slice(0, 3).map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary?.replaceAll("\n", " ").slice(0, 240) ?? ""}`));
}
