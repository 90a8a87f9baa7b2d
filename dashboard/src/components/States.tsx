import { Button, CopyButton, Group, Loader, Skeleton, Stack, Text } from "@mantine/core";
import { IconAlertCircle, IconInbox, IconRefresh } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { ApiError } from "~/api/errors";

interface ProblemStateProps {
  error: unknown;
  onRetry?: () => void;
}

/** What went wrong in the API's own words, the trace to quote, and a way to try again. */
export function ProblemState({ error, onRetry }: ProblemStateProps) {
  const known = error instanceof ApiError ? error : undefined;
  const title = known?.title ?? "Something went wrong";
  const detail = known?.detail ?? (error instanceof Error ? error.message : "");
  return (
    <Stack align="center" gap="xs" p="xl" role="alert">
      <IconAlertCircle size={28} stroke={1.6} color="var(--critical)" aria-hidden />
      <Text fw={600}>{title}</Text>
      {detail !== "" && <Text size="sm" c="dimmed" ta="center" maw={520}>{detail}</Text>}
      {known !== undefined && known.errors.length > 0 && (
        <ul>
          {known.errors.map((row) => (
            <li key={`${row.field}-${row.code}-${row.detail}`}>
              <Text size="sm">{row.field === undefined ? "" : `${row.field}: `}{row.detail}</Text>
            </li>
          ))}
        </ul>
      )}
      {known?.traceId !== undefined && <Text size="xs" c="dimmed">Trace <code className="mono">{known.traceId}</code></Text>}
      <Group gap="xs">
        {onRetry !== undefined && (
          <Button variant="default" leftSection={<IconRefresh size={14} aria-hidden />} onClick={onRetry}>
            Try again
          </Button>
        )}
        {known?.traceId !== undefined && (
          <CopyButton value={known.traceId}>
            {({ copied, copy }) => (
              <Button variant="subtle" color="gray" onClick={copy}>
                {copied ? "Copied" : "Copy the trace"}
              </Button>
            )}
          </CopyButton>
        )}
      </Group>
    </Stack>
  );
}

interface EmptyStateProps {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  icon?: ReactNode;
}

/** Nothing to show, why, and what to do about it. */
export function EmptyState({ title, children, action, icon }: EmptyStateProps) {
  return (
    <Stack align="center" gap={6} p="xl">
      {icon ?? <IconInbox size={28} stroke={1.4} color="var(--muted)" aria-hidden />}
      <Text fw={600}>{title}</Text>
      {children !== undefined && <Text size="sm" c="dimmed" ta="center" maw={460} component="div">{children}</Text>}
      {action !== undefined && <div style={{ marginTop: 8 }}>{action}</div>}
    </Stack>
  );
}

/** Nothing found so far, while the search goes on. */
export function LookingFurther() {
  return (
    <Stack align="center" gap={6} p="xl" role="status">
      <Loader size="sm" color="gray" aria-hidden />
      <Text size="sm" c="dimmed">Nothing fits so far. Looking further…</Text>
    </Stack>
  );
}

/** Grey rows in the place of what is loading. */
export function Rows({ count = 6, height = 18 }: { count?: number; height?: number }) {
  return (
    <Stack gap="sm" p="md" role="status" aria-label="Loading">
      {Array.from({ length: count }, (_, index) => (
        <Skeleton key={index} height={height} width={`${96 - ((index * 17) % 40)}%`} />
      ))}
    </Stack>
  );
}
