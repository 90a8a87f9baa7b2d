import { Text } from "@mantine/core";
import { Link } from "react-router";
import type { Rule } from "~/api/types";
import { SeverityBadge, Tag } from "~/components/SeverityBadge";
import { EmptyState } from "~/components/States";
import { ScrollRegion } from "~/components/ScrollRegion";
import { integer, percent } from "~/lib/format";
import classes from "./Settings.module.css";

export function Rules({ rules }: { rules: readonly Rule[] }) {
  if (rules.length === 0) return <EmptyState title="No rules">Without rules there are no alerts.</EmptyState>;
  return (
    <ScrollRegion label="Table of rules">
      <table className="data">
        <thead>
          <tr><th scope="col">Rule</th><th scope="col">Severity</th><th scope="col" className="num">Cooldown</th><th scope="col" className="num">Found right</th></tr>
        </thead>
        <tbody>
          {rules.map((rule) => (
            <tr key={rule.id}>
              <td>
                <Text size="sm" fw={500}>
                  <Link className="plain" to={`/alerts?status=all&scope=all&rule=${rule.id}`}>{rule.name}</Link> <span className="mono muted">{rule.id}</span>{" "}
                  {!rule.enabled && <Tag>off</Tag>} {rule.type === "opportunity" && <Tag>opportunity</Tag>}
                </Text>
                <code className={`mono muted ${classes.expression}`} title={rule.expression}>{rule.expression}</code>
              </td>
              <td><SeverityBadge severity={rule.severity} size="sm" /></td>
              <td className="num">{integer(rule.cooldown_days)} d</td>
              <td className="num">
                {rule.precision === null || rule.precision.useful + rule.precision.wrong === 0 ? <span className="muted">no ratings</span> : (
                  <>
                    <strong>{percent(rule.precision.mean)}</strong>
                    <div className="muted" style={{ fontSize: "0.75rem" }}>{percent(rule.precision.low)} to {percent(rule.precision.high)}, {integer(rule.precision.useful + rule.precision.wrong)} ratings</div>
                  </>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}
