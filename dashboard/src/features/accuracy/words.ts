/** The words for what is predicted and by whom. */
export const kindNames = {
  churn: { title: "Churn", happened: "churned", counted: "Churned accounts with a checked prediction" },
  downgrade: { title: "Downgrade", happened: "contracted", counted: "Contracted accounts with a checked prediction" },
  payment: { title: "Payment", happened: "failed to pay", counted: "Accounts with a failed payment and a checked prediction" },
  expansion: { title: "Expansion", happened: "expanded", counted: "Expanded accounts with a checked prediction" },
  revenue: { title: "Revenue", happened: "brought revenue", counted: "Accounts that brought revenue and a checked prediction" },
} as const;

export const methodNames = { model: "Model", rules: "Rules", shadow: "Model in shadow" } as const;

/** Who predicted, in one word: a model that is only watched is a method of its own. */
export function methodOf({ method, shadow }: { method: "model" | "rules"; shadow: boolean }): keyof typeof methodNames {
  return shadow ? "shadow" : method;
}
