import type { ReactNode, Ref } from "react";

interface ScrollRegionProps {
  label: string;
  className?: string | undefined;
  maxHeight?: number;
  ref?: Ref<HTMLElement>;
  children: ReactNode;
}

/** A part of the page that scrolls by itself; it takes the focus, so that the keyboard can scroll it too. */
export function ScrollRegion({ label, className = "scroll-x", maxHeight, ref, children }: ScrollRegionProps) {
  return (
    <section
      className={className} aria-label={label} ref={ref}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      {...(maxHeight === undefined ? {} : { style: { maxHeight, overflow: "auto" } })}
    >
      {children}
    </section>
  );
}
