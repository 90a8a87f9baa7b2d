import { Stepper } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { useApi } from "~/api/client";
import { importQuery } from "~/api/queries";
import { PageHead, Panel } from "~/components/Panel";
import { ProblemState, Rows } from "~/components/States";
import { words } from "~/lib/format";
import { isMoving, type StepName, STEPS, stepOf } from "~/lib/mapping";
import { paths } from "~/lib/paths";
import classes from "./Import.module.css";
import { MapStep } from "./MapStep";
import { RecentImports } from "./RecentImports";
import { ResultStep } from "./ResultStep";
import { UploadStep } from "./UploadStep";

/** A CSV file in four steps. Each import has its address, so that it can be left and found again. */
export function ImportPage() {
  const { id = "" } = useParams();
  return id === "" ? <Start /> : <Running key={id} id={id} />;
}

function Start() {
  return (
    <>
      <PageHead title="Import" hint="Accounts and their facts from a CSV file: upload, map, check, import" />
      <Steps at="upload" />
      <div className={classes.columns}>
        <Panel title="Choose a file"><UploadStep /></Panel>
        <RecentImports />
      </div>
    </>
  );
}

function Running({ id }: { id: string }) {
  const query = useQuery(importQuery(useApi(), id));
  const [again, setAgain] = useState(false);
  const found = query.data;
  if (query.isError && found === undefined) return <Panel><ProblemState error={query.error} onRetry={() => void query.refetch()} /></Panel>;
  if (found === undefined) return <Panel flush><Rows count={8} /></Panel>;
  const step = again && !isMoving(found.status) ? "map" : stepOf(found);
  return (
    <>
      <PageHead title={`Import ${found.filename}`} hint={<>{words(found.kind)} · <Link to={paths.imports}>All imports</Link></>} />
      <Steps at={step} done={step === "commit" && !isMoving(found.status) && found.status !== "failed"} />
      {step === "upload" && (
        <Panel title="Waiting for the file" hint="The page goes on by itself when the file has arrived"><Rows count={3} /></Panel>
      )}
      {step === "map" && <MapStep found={found} onStarted={() => setAgain(false)} />}
      {(step === "check" || step === "commit") && <ResultStep found={found} onRemap={() => setAgain(true)} />}
    </>
  );
}

const label: Record<StepName, { label: string; description: string }> = {
  upload: { label: "Upload", description: "A CSV file of any size" },
  map: { label: "Map", description: "Columns to fields" },
  check: { label: "Check", description: "Dry run, nothing is saved" },
  commit: { label: "Import", description: "Rows are saved" },
};

function Steps({ at, done = false }: { at: StepName; done?: boolean }) {
  return (
    <Stepper active={STEPS.indexOf(at) + (done ? 1 : 0)} size="xs" mb="md" iconSize={28} allowNextStepsSelect={false} className={classes.steps}>
      {STEPS.map((step) => (
        <Stepper.Step key={step} {...label[step]} {...(step === at && !done ? { "aria-current": "step" } : {})} disabled component="div" />
      ))}
    </Stepper>
  );
}
