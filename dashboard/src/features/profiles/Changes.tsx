import type { ProfileChange } from "~/api/types";
import { ScrollRegion } from "~/components/ScrollRegion";
import { EmptyState } from "~/components/States";
import classes from "./Profiles.module.css";

/** Values that differ between two versions, each with both. */
export function Changes({ changes }: { changes: readonly ProfileChange[] }) {
  if (changes.length === 0) return <EmptyState title="No difference">Both say the same.</EmptyState>;
  return (
    <ScrollRegion label="Differences">
      <table className="data">
        <thead><tr><th scope="col">What</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
        <tbody>
          {changes.map(({ path, before, after }) => (
            <tr key={path}>
              <td className={`mono ${classes.value}`}>{path}</td>
              <td className={classes.value}>{shown(before)}</td>
              <td className={classes.value}><strong>{shown(after)}</strong></td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}
