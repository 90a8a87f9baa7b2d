import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApi } from "~/api/client";
import { meQuery, profileCatalogueQuery, profileDraftQuery, profileVersionsQuery } from "~/api/queries";
import { PageHead, Panel } from "~/components/Panel";
import { ProblemState, Rows } from "~/components/States";
import { paths } from "~/lib/paths";
import { Editor } from "./Editor";
import classes from "./Profiles.module.css";
import { Versions } from "./Versions";

/** What scores are made of: the draft of the next profiles, what it would do, and every version before. */
export function ProfilesPage() {
  const api = useApi();
  const me = useQuery(meQuery(api));
  const draft = useQuery(profileDraftQuery(api));
  const catalogue = useQuery(profileCatalogueQuery(api));
  const versions = useQuery(profileVersionsQuery(api));
  const readOnly = me.data?.role !== "admin";
  const failed = draft.isError ? draft : catalogue;
  return (
    <>
      <PageHead title="Health profiles" hint="Weights, cuts and caps behind every score; nothing changes before you publish">
        <Button component={Link} to={paths.settings} variant="default">Settings</Button>
      </PageHead>
      <div className={classes.columns}>
        <div className={classes.column}>
          {failed.isError ? <Panel><ProblemState error={failed.error} onRetry={() => void failed.refetch()} /></Panel>
            : draft.data === undefined || catalogue.data === undefined ? <Panel flush title="Draft"><Rows count={12} /></Panel>
              : <Editor key={draft.data.etag + String(draft.data.live)} draft={draft.data} catalogue={catalogue.data} readOnly={readOnly} />}
        </div>
        <div className={classes.column}>
          <Panel flush title="Versions" hint="A version never changes; going back publishes an old one again">
            {versions.isError ? <ProblemState error={versions.error} onRetry={() => void versions.refetch()} />
              : versions.data === undefined ? <Rows count={4} /> : <Versions versions={versions.data} readOnly={readOnly} />}
          </Panel>
        </div>
      </div>
    </>
  );
}
