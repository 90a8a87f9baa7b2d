import "react";

declare module "react" {
  /** The custom properties that components set for their style sheets. */
  interface CSSProperties {
    "--columns"?: string;
  }
}
