import { TagsInput } from "@mantine/core";

const MAX_NAMES = 50;
const [SHORTEST, LONGEST] = [2, 60];
/** A name may hold a comma ("Rival, Inc."): lists are taken apart where people end a line or write a semicolon. */
const BETWEEN = [";", "\n"];

/** Whether the API takes the name; it counts characters, not the units of a JavaScript string. */
export function fitsCompetitor(name: string): boolean {
  const { length } = [...name.trim()];
  return length >= SHORTEST && length <= LONGEST;
}

interface CompetitorsProps {
  names: readonly string[];
  disabled: boolean;
  onChange: (names: string[]) => void;
}

/** The names that are looked for in what customers write. */
export function Competitors({ names, disabled, onChange }: CompetitorsProps) {
  const misfit = names.find((name) => !fitsCompetitor(name));
  return (
    <TagsInput
      label="Competitors" disabled={disabled} value={[...names]} onChange={onChange} maxTags={MAX_NAMES} splitChars={BETWEEN}
      description={`A ticket or note that names one raises R25. Enter adds a name; ${names.length} of ${MAX_NAMES}`}
      error={misfit === undefined ? undefined : `“${misfit}” does not fit: a name has ${SHORTEST} to ${LONGEST} characters`}
    />
  );
}
