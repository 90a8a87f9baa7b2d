import { Alert, Button, Stack, Text, Title } from "@mantine/core";
import { IconAlertCircle } from "@tabler/icons-react";
import { ProductMark } from "~/components/AccountMark";
import classes from "./SignInPage.module.css";

interface SignInPageProps {
  message?: string | undefined;
  onSignIn?: () => void;
}

export function SignInPage({ message, onSignIn }: SignInPageProps) {
  return (
    <main className={classes.page}>
      <div className={classes.card}>
        <Stack gap="md">
          <ProductMark size={44} />
          <div>
            <Title order={1}>Customer Success Copilot</Title>
            <Text c="dimmed" mt={4}>Account health with its reasons, and what to do today.</Text>
          </div>
          {message !== undefined && (
            <Alert color="red" variant="light" icon={<IconAlertCircle size={18} />} title="You are not signed in">
              {message}
            </Alert>
          )}
          {onSignIn === undefined ? (
            <Text size="sm">The dashboard is not set up: put a valid config.json beside it and load the page again.</Text>
          ) : (
            <Button size="md" onClick={onSignIn} fullWidth>Sign in</Button>
          )}
          <Text size="xs" c="dimmed">You are taken to your company's sign-in page and back.</Text>
        </Stack>
      </div>
    </main>
  );
}
