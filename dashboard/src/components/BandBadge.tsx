import {
  IconAlertTriangle, IconCircleCheck, IconEye, IconHelpCircle, IconPlant2, IconUrgent,
} from "@tabler/icons-react";
import type { Band } from "~/api/types";
import { bandLabel } from "~/lib/vocabulary";
import classes from "./badges.module.css";

const icons: Record<Band, typeof IconEye> = {
  healthy: IconCircleCheck,
  watch: IconEye,
  at_risk: IconAlertTriangle,
  critical: IconUrgent,
  insufficient_data: IconHelpCircle,
  onboarding: IconPlant2,
};

/** A band by colour, sign and word. */
export function BandBadge({ band, size = "md" }: { band: Band; size?: "sm" | "md" }) {
  const Icon = icons[band];
  return (
    <span
      className={classes.badge}
      data-size={size}
      style={{ color: `var(--${band})`, background: `var(--${band}-bg)` }}
    >
      <Icon size={size === "sm" ? 12 : 14} stroke={2} aria-hidden />
      {bandLabel[band]}
    </span>
  );
}
