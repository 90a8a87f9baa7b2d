/** Counts how often React draws a component, by the hook that its developer tools use: it works on the built page too. */
import type { Page } from "playwright-core";

/** To be called before the page loads. Counts every function component that a commit has drawn, by its props' names. */
export const watchRenders = (page: Page) => page.addInitScript(`(() => {
  const drawn = {};
  // A fiber whose children are those of the commit before was passed over with all that is below it.
  const visit = (fiber) => {
    const before = fiber.alternate;
    if ([0, 11, 14, 15].includes(fiber.tag) && (fiber.flags & 1) === 1) {
      const props = Object.keys(fiber.memoizedProps ?? {}).toSorted().join(" ");
      drawn[props] = (drawn[props] ?? 0) + 1;
    }
    if (before !== null && before.child === fiber.child) return;
    for (let child = fiber.child; child !== null; child = child.sibling) visit(child);
  };
  window.rendersDrawn = drawn;
  window.__REACT_DEVTOOLS_GLOBAL_HOOK__ = {
    supportsFiber: true, isDisabled: false, checkDCE() {}, inject: () => 1, onCommitFiberUnmount() {}, onPostCommitFiberRoot() {},
    onCommitFiberRoot: (_, root) => visit(root.current),
  };
})()`);

/** How often a component that has all of these props has been drawn. */
export async function countRenders(page: Page, props: readonly string[]): Promise<number> {
  const drawn: Record<string, number> = await page.evaluate("window.rendersDrawn");
  return Object.entries(drawn).filter(([names]) => props.every((prop) => names.split(" ").includes(prop)))
    .reduce((sum, [, count]) => sum + count, 0);
}
