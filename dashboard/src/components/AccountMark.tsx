import { initials } from "~/lib/format";

const HUES = [226, 262, 198, 172, 28, 340, 304, 142];

/** The mark of an account without a logo: its initials on a quiet colour that stays the same for the name. */
export function AccountMark({ name, size = 28 }: { name: string; size?: number }) {
  let hash = 0;
  for (const char of name) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 9973;
  const hue = HUES[hash % HUES.length] ?? 226;
  return (
    <span
      aria-hidden
      style={{
        display: "inline-grid", placeItems: "center", flex: "none", width: size, height: size,
        borderRadius: Math.round(size / 4), fontSize: Math.max(10, Math.round(size * 0.38)), fontWeight: 650,
        letterSpacing: "0.01em",
        color: `light-dark(hsl(${hue} 45% 30%), hsl(${hue} 60% 84%))`,
        background: `light-dark(hsl(${hue} 50% 93%), hsl(${hue} 28% 24%))`,
        border: `1px solid light-dark(hsl(${hue} 38% 85%), hsl(${hue} 26% 32%))`,
      }}
    >
      {initials(name)}
    </span>
  );
}

/** The product's own mark. */
export function ProductMark({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="8" fill="var(--mantine-color-ink-6)" />
      <path
        d="M7 18.5h4l2.6-8 4.6 13 2.8-7.5H25" fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
