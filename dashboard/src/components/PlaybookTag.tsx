import { useQuery } from "@tanstack/react-query";
import { useApi } from "~/api/client";
import { playbooksQuery } from "~/api/queries";
import { Tag } from "./SeverityBadge";

/** A playbook by its name, with its steps on hover. */
export function PlaybookTag({ id }: { id: string }) {
  const found = useQuery(playbooksQuery(useApi())).data?.data.find((playbook) => playbook.id === id);
  return <Tag title={`${id}${found === undefined ? "" : `, ends when: ${found.exit}`}`}>Playbook: {found?.name ?? id}</Tag>;
}
