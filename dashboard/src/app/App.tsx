import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";
import { RouterProvider } from "react-router";
import { ServicesContext } from "~/api/client";
import { SignInGate } from "~/features/auth/SignInGate";
import { createCache } from "./cache";
import { createRoutes } from "./routes";
import { cssVariables, theme } from "./theme";

/** Made once someone is signed in: by then the address is that of the page, no longer that of the sign-in. */
function Pages() {
  const [router] = useState(createRoutes);
  return <RouterProvider router={router} />;
}

export function App() {
  const [cache] = useState(createCache);
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <Notifications position="bottom-right" limit={4} zIndex={400} />
      <QueryClientProvider client={cache}>
        <SignInGate>
          {(services) => (
            <ServicesContext value={services}>
              <Pages />
            </ServicesContext>
          )}
        </SignInGate>
      </QueryClientProvider>
    </MantineProvider>
  );
}
