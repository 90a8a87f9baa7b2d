import { Button } from "@mantine/core";
import { Link, useRouteError } from "react-router";
import { EmptyState, ProblemState } from "~/components/States";
import { paths } from "~/lib/paths";

export function RouteError() {
  const error = useRouteError();
  return <ProblemState error={error} onRetry={() => window.location.reload()} />;
}

export function NotFound() {
  return (
    <EmptyState title="There is no such page" action={<Button component={Link} to={paths.today}>Go to Today</Button>}>
      The address may be old or mistyped.
    </EmptyState>
  );
}
