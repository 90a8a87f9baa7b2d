import { IconCircleCheck, IconCircleX } from "@tabler/icons-react";
import type { ModelCheck } from "~/api/types";
import classes from "./Models.module.css";
import { checkNames } from "./words";

/** What a version must show before it answers: met or missed by word and sign. */
export function Checks({ checks }: { checks: readonly ModelCheck[] }) {
  return (
    <ul className={classes.checks}>
      {checks.map(({ name, passed, text }) => (
        <li key={name}>
          {passed
            ? <IconCircleCheck size={16} color="var(--healthy)" aria-hidden />
            : <IconCircleX size={16} color="var(--critical)" aria-hidden />}
          <span><strong>{checkNames[name] ?? name}, {passed ? "met" : "missed"}:</strong> {text}</span>
        </li>
      ))}
    </ul>
  );
}
