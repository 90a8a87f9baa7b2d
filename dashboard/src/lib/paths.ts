/** Every address of the dashboard, in one place. */
export const paths = {
  today: "/",
  portfolio: "/accounts",
  account: (id: string, tab?: string) => `/accounts/${encodeURIComponent(id)}${tab ? `?tab=${tab}` : ""}`,
  alerts: "/alerts",
  alert: (id: string) => `/alerts/${encodeURIComponent(id)}`,
  accountAlerts: (id: string) => `/alerts?status=all&account=${encodeURIComponent(id)}`,
  band: (band: string, mine: boolean) => `/accounts?band=${band}${mine ? "&owner=me" : ""}`,
  imports: "/imports",
  import: (id: string) => `/imports/${encodeURIComponent(id)}`,
  integrations: "/integrations",
  integration: (source: string) => `/integrations/${encodeURIComponent(source)}`,
  accuracy: "/accuracy",
  settings: "/settings",
  profiles: "/settings/profiles",
  models: "/settings/models",
};
