import { Button, Group, Text, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { Fragment, useState } from "react";
import { useRateAlert } from "~/api/alertActions";
import { useApi } from "~/api/client";
import { meQuery } from "~/api/queries";
import type { Alert, FeedbackKind } from "~/api/types";
import { reportFailure } from "~/components/alerts/useAlertCommands";
import classes from "./Alerts.module.css";

const questions: readonly { kind: FeedbackKind; label: string; help: string }[] = [
  { kind: "accuracy", label: "Accurate", help: "Is what it says true?" },
  { kind: "relevance", label: "Relevant", help: "Did you need to know?" },
  { kind: "priority", label: "Right priority", help: "As urgent as it claims?" },
];

/** One click saves a rating; a comment goes with the rating given last. */
export function Rating({ alert, readOnly }: { alert: Alert; readOnly: boolean }) {
  const me = useQuery(meQuery(useApi()));
  const rate = useRateAlert(alert);
  const [comment, setComment] = useState("");
  const [last, setLast] = useState<FeedbackKind>();
  const own = alert.feedback.filter(({ user }) => user === me.data?.user || user === me.data?.email);
  const given = (kind: FeedbackKind) => own.findLast((row) => row.kind === kind)?.rating;

  const save = (kind: FeedbackKind, rating: number) => {
    setLast(kind);
    const text = comment.trim();
    rate.mutate({ kind, rating, ...(text === "" ? {} : { comment: text }) }, {
      onSuccess: () => {
        setComment("");
        notifications.show({ message: text === "" ? "Rating saved" : "Rating and comment saved", autoClose: 2500 });
      },
      onError: (error) => reportFailure(error, "Not saved"),
    });
  };
  const commented = last ?? own.at(-1)?.kind;
  const commentedRating = commented === undefined ? undefined : given(commented);

  return (
    <div id="rate">
      <div className={classes.rating}>
        {questions.map(({ kind, label, help }) => (
          <Fragment key={kind}>
            <div>
              <Text size="sm" fw={500}>{label}</Text>
              <Text size="xs" c="dimmed">{help}</Text>
            </div>
            <div className={classes.scale} role="group" aria-label={label}>
              {[1, 2, 3, 4, 5].map((value) => (
                <button
                  key={value} type="button" disabled={readOnly} aria-pressed={given(kind) === value}
                  aria-label={`${label}: ${value} of 5`} onClick={() => save(kind, value)}
                >
                  {value}
                </button>
              ))}
            </div>
          </Fragment>
        ))}
      </div>
      <Textarea
        mt="sm" size="xs" autosize minRows={1} maxRows={5} label="Comment" maxLength={2000} value={comment} disabled={readOnly}
        placeholder="What was right or wrong about it?" onChange={(event) => setComment(event.currentTarget.value)}
      />
      <Group justify="space-between" mt="xs">
        <Text size="xs" c="dimmed">{commentedRating === undefined ? "Rate first, then add a comment." : ""}</Text>
        <Button
          variant="default" disabled={readOnly || comment.trim() === "" || commented === undefined || commentedRating === undefined}
          loading={rate.isPending}
          onClick={() => { if (commented !== undefined && commentedRating !== undefined) save(commented, commentedRating); }}
        >
          Save comment
        </Button>
      </Group>
    </div>
  );
}
