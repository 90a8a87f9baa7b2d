import { IconAlertTriangle, IconCircleCheck, IconCircleX, IconLoader2 } from "@tabler/icons-react";
import type { Import, ImportStatus } from "~/api/types";
import { Tag } from "~/components/SeverityBadge";

const label: Record<ImportStatus, string> = {
  awaiting_upload: "Waiting for the file",
  uploaded: "To be mapped",
  queued: "In line",
  running: "Running",
  succeeded: "Done",
  succeeded_with_errors: "Done, with errors",
  failed: "Failed",
};

export function StatusTag({ found }: { found: Import }) {
  const { status, dry_run: dryRun } = found;
  const [Icon, color] = status === "succeeded" ? [IconCircleCheck, "var(--healthy)"]
    : status === "succeeded_with_errors" ? [IconAlertTriangle, "var(--at_risk)"]
      : status === "failed" ? [IconCircleX, "var(--critical)"] : [IconLoader2, "var(--muted)"];
  const checked = dryRun && (status === "succeeded" || status === "succeeded_with_errors");
  return (
    <Tag>
      <Icon size={13} color={color} aria-hidden />
      {checked ? label[status].replace("Done", "Checked") : label[status]}
    </Tag>
  );
}
