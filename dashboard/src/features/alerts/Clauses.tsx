import { Text } from "@mantine/core";
import { IconCircleCheck, IconCircleDashed } from "@tabler/icons-react";
import type { Clause } from "~/api/types";
import { plain, sentence } from "~/lib/format";
import classes from "./Alerts.module.css";

/** The conditions of the rule, each with the value it saw. */
export function Clauses({ clauses }: { clauses: readonly Clause[] }) {
  if (clauses.length === 0) return <Text p="md" size="sm" c="dimmed">This rule keeps no conditions.</Text>;
  return (
    <div className="scroll-x">
      <table className="data">
        <thead>
          <tr>
            <th scope="col">Condition</th><th scope="col" className="num">Value</th>
            <th scope="col" className="num">Threshold</th><th scope="col">Held</th>
          </tr>
        </thead>
        <tbody>
          {clauses.map((clause) => {
            const Icon = clause.true ? IconCircleCheck : IconCircleDashed;
            return (
              <tr key={clause.expression}>
                <td>
                  <Text size="sm">{sentence(clause.text)}</Text>
                  <code className="mono muted">{clause.expression}</code>
                </td>
                <td className="num"><strong>{plain(clause.value)}</strong></td>
                <td className="num">{plain(clause.threshold)}</td>
                <td>
                  <span className={classes.clause} style={{ color: clause.true ? "var(--at_risk)" : "var(--muted)" }}>
                    <Icon size={16} aria-hidden />{clause.true ? "yes" : "no"}
                  </span>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
