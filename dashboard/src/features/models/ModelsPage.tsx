import { Button, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApi } from "~/api/client";
import { meQuery, modelsQuery } from "~/api/queries";
import { PageHead, Panel } from "~/components/Panel";
import { ProblemState, Rows } from "~/components/States";
import { paths } from "~/lib/paths";
import { KindPanel } from "./KindPanel";
import classes from "./Models.module.css";
import { ProductsPanel } from "./ProductsPanel";
import { TonePanel } from "./TonePanel";

/** Models that were trained on the tenant's own history: what answers, what is tried, and who decided what. */
export function ModelsPage() {
  const api = useApi();
  const me = useQuery(meQuery(api));
  const query = useQuery(modelsQuery(api));
  const readOnly = me.data?.role !== "admin";
  return (
    <>
      <PageHead title="Models" hint="Learnt from your own history; each shows that it is better before it answers">
        <Button component={Link} to={paths.settings} variant="default">Settings</Button>
      </PageHead>
      <div className={classes.stack}>
        {query.data !== undefined ? query.data.data.map((models) => <KindPanel key={models.kind} models={models} readOnly={readOnly} />)
          : query.isError ? <Panel><ProblemState error={query.error} onRetry={() => void query.refetch()} /></Panel>
            : <Panel flush><Rows count={10} height={24} /></Panel>}
        <TonePanel readOnly={readOnly} />
        <ProductsPanel readOnly={readOnly} />
        <Text size="xs" c="dimmed">
          {readOnly && "Only admins train and decide. "}
          A model of your own is uploaded by the API only (<code className="mono">POST /v1/models/{"{kind}"}/versions</code>): see “A model of one’s own” in docs/models.md.
        </Text>
      </div>
    </>
  );
}
