import { Kbd, Modal } from "@mantine/core";
import { triageKeys } from "./useTriageKeys";

export function KeyboardHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Keys">
      <table className="data">
        <thead><tr><th scope="col">Key</th><th scope="col">Does</th></tr></thead>
        <tbody>
          {triageKeys.map(({ key, does }) => (
            <tr key={key}><td style={{ width: 80 }}><Kbd>{key}</Kbd></td><td>{does}</td></tr>
          ))}
          <tr><td><Kbd>Ctrl</Kbd> <Kbd>K</Kbd></td><td>Search accounts and pages</td></tr>
        </tbody>
      </table>
    </Modal>
  );
}
