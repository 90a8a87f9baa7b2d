import { IconClockPin } from "@tabler/icons-react";
import { day } from "~/lib/format";
import classes from "./Shell.module.css";

/** Says that this tenant looks at the world as of a pinned date. */
export function SandboxBanner({ asOf }: { asOf: string }) {
  return (
    <div className={classes.banner} role="note">
      <IconClockPin size={16} stroke={1.8} aria-hidden />
      <span>Sandbox: everything is shown as it was on <strong>{day(asOf)}</strong>. Nothing here follows the clock.</span>
    </div>
  );
}
