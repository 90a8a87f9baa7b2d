/** The commands on all chosen alerts. */
export interface ManyCommands {
  acknowledge: () => void;
  snooze: (until: string) => void;
  assign: (email: string) => void;
}

/** Whom alerts can be handed to, and whether the menu for it is open. */
export interface Handover {
  people: readonly string[];
  me: string | null;
  opened: boolean;
  onOpened: (opened: boolean) => void;
}
